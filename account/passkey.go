package account

type party struct{}
