package detect

// The entities of this family.
const (
	Email Entity = iota + 1
	Phone
	PersonName
	Username
	UserID
	DateOfBirth
	StreetAddress
	GeoCoordinates
	endContact
)

func contactRules() []rule {
	return []rule{
		{
			entity: Email,
			Info: Info{
				Name: "email", Class: "email", Group: Personal,
				Rule:   "Local part, @, and a domain name with an alphabetic top-level label",
				Source: "RFC 5321, RFC 5322",
			},
		},
		{
			entity: Phone,
			Info: Info{
				Name: "phone", Class: "phone", Group: Personal,
				Rule:   "International or national layout that the numbering plan of its country confirms; bare digits need a key or a cue",
				Source: "ITU-T E.164, libphonenumber metadata",
			},
		},
		{
			entity: PersonName,
			Info: Info{
				Name: "person_name", Class: "name", Group: Personal, Named: true,
				Rule: "By key (first_name, customerName, ...) or after a title or a cue",
			},
		},
		{
			entity: Username,
			Info: Info{
				Name: "username", Class: "user", Group: Personal, Opaque: true,
				Rule: "By key (username, login, ...): the whole value",
			},
		},
		{
			entity: UserID,
			Info: Info{
				Name: "user_id", Class: "userid", Group: Personal, Opaque: true,
				Rule: "By key (user_id, customerId, ...): the whole value",
			},
		},
		{
			entity: DateOfBirth,
			Info: Info{
				Name: "date_of_birth", Class: "dob", Group: Personal,
				Rule:   "A date by key (dob, birth_date, ...) or after a cue",
				Source: "ISO 8601",
			},
		},
		{
			entity: StreetAddress,
			Info: Info{
				Name: "street_address", Class: "address", Group: Personal, Named: true,
				Rule: "By key (street, billing_address, ...) or a house number with a street name",
			},
		},
		{
			entity: GeoCoordinates,
			Info: Info{
				Name: "geo_coordinates", Class: "geo", Group: Personal,
				Rule:   "Latitude or longitude by key, or a decimal pair by key",
				Source: "ISO 6709",
			},
		},
	}
}
