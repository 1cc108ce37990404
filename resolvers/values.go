package resolvers

import (
	"math"
	"time"

	"rollcall/access"
	"rollcall/graph/model"
	"rollcall/models"
)

// viewer is whoever is behind the request, nil for nobody.
func viewer(a access.Actor) *model.Viewer {
	switch a.Kind {
	case access.Operator:
		return &model.Viewer{Kind: model.ViewerKindOperator}
	case access.Person:
		return &model.Viewer{Kind: model.ViewerKindPerson}
	case access.Key:
		return &model.Viewer{Kind: model.ViewerKindAPIKey}
	default:
		return nil
	}
}

// permissions are what the actor may do on a team.
func permissions(a access.Actor, team models.ID) *model.TeamPermissions {
	return &model.TeamPermissions{
		ReadMemberships:  a.Can(access.MembersRead, team),
		WriteMemberships: a.Can(access.MembersWrite, team),
		ReadSso:          a.Can(access.SsoRead, team),
		WriteSso:         a.Can(access.SsoWrite, team),
		WriteOwnAPIKeys:  a.MembershipID != "" && a.Can(access.KeysOwn, team),
		WriteAPIKeys:     a.Can(access.KeysWrite, team),
		WriteScimTokens:  a.Can(access.TokensRW, team),
		ReadAudit:        a.Can(access.AuditRead, team),
	}
}

// daysBetween counts whole days, negative ones when the end is over.
func daysBetween(now, end time.Time) int {
	return int(math.Floor(end.Sub(now).Hours() / 24))
}

// mapping is the input's attribute mapping, nil when there is none.
func mapping(in *model.AttributeMappingInput) *models.AttributeMapping {
	if in == nil {
		return nil
	}
	return &models.AttributeMapping{
		Email: in.Email.Value(), FirstName: in.FirstName.Value(),
		LastName: in.LastName.Value(), DisplayName: in.DisplayName.Value(),
	}
}
