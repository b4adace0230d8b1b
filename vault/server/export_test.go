package server

import "time"

// SetSendWithin is for tests that cannot wait for as long as readers may take.
func (i *Issuer) SetSendWithin(d time.Duration) { i.sendWithin = d }

var Match = match
