package credential

import (
	"net/netip"
	"slices"

	"rollcall/fault"
)

// maxNetworks is how many networks an API key can be bound to.
const maxNetworks = 20

// properNetworks judges the networks that a key may work from and writes them
// as CIDR prefixes (RFC 4632) in order; a single address is a prefix of its own.
func properNetworks(wanted []string) ([]string, error) {
	if len(wanted) > maxNetworks {
		return nil, fault.New(fault.InvalidValue, "A key can be bound to %d networks.", maxNetworks).On("allowedNetworks")
	}
	out := make([]string, 0, len(wanted))
	for _, text := range wanted {
		p, err := parseNetwork(text)
		if err != nil {
			return nil, fault.New(fault.InvalidValue, "A network is an address or a prefix without host bits, like 192.0.2.0/24 or 2001:db8::/32.").On("allowedNetworks")
		}
		out = append(out, p.String())
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return p, err
	case p != p.Masked() || p.Addr().Is4In6():
		return p, fault.New(fault.InvalidValue, "The prefix has host bits.")
	}
	return p, nil
}

// within reports whether an address lies in one of the networks; without any,
// every address does. A text that is no address lies in none.
func within(address string, networks []string) bool {
	if len(networks) == 0 {
		return true
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(text string) bool {
		p, err := netip.ParsePrefix(text)
		return err == nil && p.Contains(a)
	})
}
