package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAlone(t *testing.T) {
	d := testDetector(t)
	for text, want := range map[string]Entity{
		"AB51 ABC": LicensePlate, "BD62XYZ": LicensePlate, "M-XY-999": LicensePlate, "34 ABC 1234": LicensePlate, "app-456cv": LicensePlate, "b ab 1234": LicensePlate, "34 abc 1234": LicensePlate, "16 B 1234": LicensePlate, "AB-123-CD": LicensePlate,
		"M4332674T": SGNRIC, "de136695976": EUVAT,
		"A000500015": DEHealthInsurance, "T22000129": DEIDCard,
	} {
		t.Run(text, func(t *testing.T) {
			found := d.Find(NewScratch(), Key{}, text)
			require.Len(t, found, 1)
			require.Equal(t, d.infos[want].Name, d.infos[found[0].Entity].Name)
			require.Equal(t, text, text[found[0].Start:found[0].End])
			for _, f := range d.Find(NewScratch(), d.Key("order.code"), text) {
				require.NotEqual(t, float32(aloneConf), f.Confidence, "a key that names nothing is a key")
			}
		})
	}
}

// TestNothingAlone asserts that whole texts as they stand under no key, names of spans and events, versions, levels, are
// left alone.
func TestNothingAlone(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, text := range []string{
		"GET /v1", "HTTP/2", "HTTP2", "http2", "INFO2", "DEBUG4", "v1.2.3", "1.0.0-rc1", "1.39.0", "0.159.0-dev", "v2beta1", "go1.26.8", "E404", "E1001", "T1234", "X570-A", "iPhone 14", "Pixel 8a", "RTX 4090",
		"node-1", "node-12", "pod-7", "web-01", "db-02a", "worker-12", "shard-03", "kafka-0", "zone-1a", "us-east-1", "eu-west-1a", "ap-south-2", "r5.2xlarge", "m5.large", "t3.micro", "b4bcd12", "a1b2c3d",
		"4bf92f35", "929d0e0e4736", "deadbeef01", "0xdeadbeef", "sha256", "utf-8", "base64", "x86_64", "arm64v8", "i686", "s390x", "1a2b3c4d5e6f", "req-1234", "job-484b", "batch-258a", "order 66", "step 3", "phase 2", "take 2",
		"chapter 12", "page 4 of 9", "2 of 3", "10 ms", "512 MB", "1.5 GB", "3 retries", "42 items", "8080/tcp", "port 8080", "200 OK", "404 NOT", "500 ISE", "12:34:56", "2026-11-22", "22 Nov 2026", "Q3 2026", "2026-W47", "H1 2026",
		"seat 16B", "gate A12", "A-12", "B-52", "C4", "MP3", "H264", "h.264", "AES-256", "RSA-2048", "SHA-1", "MD5", "P-256", "X25519", "CVE-2024-1234", "RFC 9110", "ISO 8601", "IEEE 802", "JIRA-123", "ABC-1234", "PROJ-12", "GH-4711",
		"PR 123", "v12.1", "3.11.8", "rev 7", "r1234", "build 77", "b77", "SKU-1001", "A-1001", "B-2044", "lot 7A", "7A", "7 A", "12 B", "221B", "flat 3b", "room 101", "Route 66", "Area 51", "Boeing 747", "A320neo", "F-16",
		"4K", "1080p", "5G", "802.11ac", "USB-C 3.2", "DDR5", "PCIe 4", "GPT-4o", "o1-mini", "llama3.1", "text-3", "top-10", "p99", "p99.9", "q50", "k8s", "i18n", "l10n", "a11y", "log4j2", "ipv6", "oauth2", "s3", "ec2",
		"12 NOV 2026", "22 JAN 2026", "12 nov 2026", "05 may 2026", "12NOV2026", "12 AM 30", "12 PM 2026", "2026 NOV", "1200 UTC", "2359 GMT", "1500 CET",
		"1000 USD", "5000 EUR", "2500 GBP", "4096 KIB", "1500 RPM", "1080 FPS", "3000 RPS", "10 MB 512", "10 mb 512", "80 TCP 443", "22 SSH 1234",
		"01 of 12", "01 of 123", "20 of 100", "05 in 100", "12 to 100", "10 vs 20", "10 x 100", "64 x 1024", "10 X 100",
		"mem-512mb", "max-500ms", "MAX-500MS", "cpu-100us", "app-404ms", "APP404OK", "GET200OK", "us-123-ca", "eu-100-us", "US-101-NY", "US 101 CA", "DB-001-EU",
		"SRV-DB-001", "US-EA-001", "IT 404 OK", "EU21ERR", "de123456789",
	} {
		require.Empty(t, d.Find(s, Key{}, text), text)
	}
}
