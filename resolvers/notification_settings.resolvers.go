package resolvers

import (
	"context"
	"time"

	"rollcall/graph"
	"rollcall/graph/model"
	"rollcall/models"
	"rollcall/sso"
)

func (r *mutationResolver) UpdateNotificationSettings(ctx context.Context, input model.UpdateNotificationSettingsInput) (*model.UpdateNotificationSettingsPayload, error) {
	out := &model.UpdateNotificationSettingsPayload{ClientMutationID: input.ClientMutationID.Value()}
	var row models.NotificationSettings
	in := arguments{}
	team := in.id(models.PrefixTeam, input.TeamID, "teamId")
	change := sso.NotificationsChange{
		Language: keep(&in, input.Language, "language"), Days60: keep(&in, input.NoticeAt60Days, "noticeAt60Days"),
		Days14: keep(&in, input.NoticeAt14Days, "noticeAt14Days"), Days0: keep(&in, input.NoticeAtEnd, "noticeAtEnd"),
		TrustDiscovered: keep(&in, input.TrustDiscovered, "trustDiscovered"),
		WelcomeMembers:  keep(&in, input.WelcomeMembers, "welcomeMembers"),
		TellMembers:     keep(&in, input.TellMembers, "tellMembers"), DailyDigest: keep(&in, input.DailyDigest, "dailyDigest"),
		BreakGlass: keep(&in, input.BreakGlassReminder, "breakGlassReminder"), Revision: input.Revision.Value(),
	}
	if extra := keepList(&in, input.ExtraRecipients, "extraRecipients"); extra != nil {
		change.ExtraRecipients = &extra
	}
	err := in.err
	if err == nil {
		row, err = r.SSO.UpdateNotifications(ctx, team, change)
	}
	return out, settle(err, &out.UserErrors, "teamId", func() { out.NotificationSettings = &row })
}

func (r *notificationSettingsResolver) Team(ctx context.Context, obj *models.NotificationSettings) (*models.Team, error) {
	return r.team(ctx, obj.TeamID)
}

func (r *notificationSettingsResolver) UpdatedAt(ctx context.Context, obj *models.NotificationSettings) (*time.Time, error) {
	if obj.UpdatedAt.IsZero() {
		return nil, nil
	}
	return &obj.UpdatedAt, nil
}

func (r *Resolver) NotificationSettings() graph.NotificationSettingsResolver {
	return &notificationSettingsResolver{r}
}

type notificationSettingsResolver struct{ *Resolver }
