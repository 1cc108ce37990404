package resolvers
