package scim

// Queries by POST (RFC 7644 section 3.4.3), which keep what is asked out of
// addresses and logs.

func (h *handler) searchUsers(c call) (reply, error) {
	q, err := readSearch(c)
	if err != nil {
		return reply{}, err
	}
	return h.answerQuery(c, q, userType)
}

func (h *handler) searchGroups(c call) (reply, error) {
	q, err := readSearch(c)
	if err != nil {
		return reply{}, err
	}
	return h.answerQuery(c, q, groupType)
}

func (h *handler) searchAll(c call) (reply, error) {
	q, err := readSearch(c)
	if err != nil {
		return reply{}, err
	}
	return h.answerAll(c, q)
}

// maxSearch bounds the body of a search. The server has it whole before it looks
// at the token, so that nobody reads after theirs has ended.
const maxSearch = 256 << 10

func readSearch(c call) (query, error) {
	var q query
	c.limit = maxSearch
	body, err := c.body()
	if err != nil {
		return q, err
	}
	return q, q.fromBody(body)
}
