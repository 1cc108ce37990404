package resolvers

import (
	"context"

	"rollcall/fault"
	"rollcall/graph/model"
	"rollcall/models"
)

// maxNodes is how many ids nodes(ids:) takes.
const maxNodes = 20

// node finds any object by its id, null when there is none or it is not the
// caller's to see. The rule for each type is the one of its own room.
func (r *Resolver) node(ctx context.Context, global string) (model.Node, error) {
	prefix, id, err := models.SplitGlobal(global)
	if err != nil {
		return nil, nil
	}
	switch prefix {
	case models.PrefixTeam:
		return asNode(r.Roster.Team(ctx, id))
	case models.PrefixUser:
		return asNode(r.Roster.User(ctx, id))
	case models.PrefixMembership:
		return asNode(r.Roster.Membership(ctx, id))
	case models.PrefixExternalIdentity:
		return asNode(r.Roster.ExternalIdentity(ctx, id))
	case models.PrefixSsoSettings:
		return asNode(r.SSO.SettingsByID(ctx, id))
	case models.PrefixIdentityProvider:
		return asNode(r.SSO.IdentityProvider(ctx, id))
	case models.PrefixCertificate:
		return asNode(r.SSO.Certificate(ctx, id))
	case models.PrefixStagedCertificate:
		return asNode(r.SSO.StagedCertificate(ctx, id))
	case models.PrefixMail:
		return asNode(r.SSO.Mail(ctx, id))
	case models.PrefixSPKey:
		return asNode(r.SSO.ServiceProviderKey(ctx, id))
	case models.PrefixSession:
		return asNode(r.Credentials.Session(ctx, id))
	case models.PrefixAPIKey:
		return asNode(r.Credentials.APIKey(ctx, id))
	case models.PrefixScimToken:
		return asNode(r.Credentials.ScimToken(ctx, id))
	case models.PrefixAuditEvent:
		return asNode(r.Audit.Event(ctx, id))
	case models.PrefixLoginAttempt:
		return asNode(r.SSO.Attempt(ctx, id))
	case models.PrefixLoginTest:
		return asNode(r.SSO.LoginTest(ctx, id))
	case models.PrefixGroup:
		return asNode(r.Roster.Group(ctx, id))
	case models.PrefixGroupRoleMapping:
		return asNode(r.Roster.GroupRoleMapping(ctx, id))
	case models.PrefixProvisioningSettings:
		return asNode(r.Roster.ProvisioningSettingsByID(ctx, id))
	case models.PrefixDomain:
		return asNode(r.Domains.Domain(ctx, id))
	case models.PrefixInvitation:
		return asNode(r.Invitations.Invitation(ctx, id))
	case models.PrefixIdentityConflict:
		return asNode(r.Roster.Conflict(ctx, id))
	case models.PrefixSsoUpgrade:
		return asNode(r.Roster.UpgradeByID(ctx, id))
	case models.PrefixScimCall:
		return asNode(r.Roster.ScimCall(ctx, id))
	default:
		return nil, nil
	}
}

func asNode[T model.Node](row T, err error) (model.Node, error) {
	seen, err := hidden(row, err)
	if err != nil || seen == nil {
		return nil, err
	}
	return *seen, nil
}

// nodes finds several.
func (r *Resolver) nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxNodes {
		return nil, fault.New(fault.InvalidValue, "The argument ids may hold %d ids.", maxNodes)
	}
	out := make([]model.Node, len(ids))
	for i, id := range ids {
		n, err := r.node(ctx, id)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}
