#!/usr/bin/env bash
# What an admin does with Rollcall's GraphQL API, as a script. Needs curl and jq.
#
#   export ROLLCALL_URL=https://rollcall.example.com ROLLCALL_KEY=rck_…
#   rollcall.sh create-team SLUG NAME           prints the team's id
#   rollcall.sh configure-sso SLUG METADATA     from the IdP's metadata file; prints the login URL
#   rollcall.sh add-certificate SLUG FILE       the next certificate, in PEM, DER or PKCS#7, trusted beside the present one
#   rollcall.sh retire-certificates SLUG        those that another one took over from; prints what is gone
#   rollcall.sh outside-sso SLUG                who does not come in through the IdP
#   rollcall.sh export-audit SLUG               the whole history as lines of JSON, the oldest first
set -euo pipefail

: "${ROLLCALL_URL:?is not set}" "${ROLLCALL_KEY:?is not set}"

# send ARGUMENTS… - a request by curl. The key goes through a file that only this
# process sees, not through the arguments.
send() {
  curl -sS --max-time 30 -H @<(printf 'Authorization: Bearer %s\n' "$ROLLCALL_KEY") \
    -H 'Accept: application/graphql-response+json' "$@" "$ROLLCALL_URL/graphql"
}

# ask DOCUMENT VARIABLES [FILE] - prints the data, or fails with what is wrong. A
# file goes into the variable input.file, which has to be null, as the GraphQL
# multipart request specification says.
ask() {
  local operation answer
  operation=$(jq -n --arg query "$1" --argjson variables "$2" '{query: $query, variables: $variables}')
  if [ "$#" -eq 3 ]; then
    answer=$(send --form-string "operations=$operation" --form-string 'map={"0": ["variables.input.file"]}' -F "0=@\"$3\"")
  else
    answer=$(send -H 'Content-Type: application/json' --data-binary @- <<<"$operation")
  fi
  if ! jq -e '[.errors // [], (.data // {} | .[]? | objects | .userErrors // [])] | flatten | length == 0' >/dev/null <<<"$answer"; then
    jq -r '(.errors // [] | .[] | "\(.extensions.code): \(.message)"), (.data // {} | .[]? | objects | .userErrors // [] | .[] | "\(.code) \(.field // [] | join(".")): \(.message)")' <<<"$answer" >&2
    return 1
  fi
  jq '.data' <<<"$answer"
}

team_id() {
  local id
  id=$(ask 'query($slug: String!) { team(slug: $slug) { id } }' "$(jq -n --arg slug "$1" '{$slug}')" | jq -r '.team.id // empty')
  [ -n "$id" ] || { echo "there is no team $1, or it is not yours to see" >&2; return 1; }
  printf '%s\n' "$id"
}

create_team() {
  ask 'mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { id } userErrors { code field message } } }' \
    "$(jq -n --arg slug "$1" --arg name "$2" '{input: {$slug, $name, plan: "ENTERPRISE"}}')" | jq -r '.createTeam.team.id'
}

configure_sso() {
  local team
  team=$(team_id "$1")
  ask 'mutation($input: ImportMetadataInput!) { importMetadata(input: $input) { identityProvider { id } userErrors { code field message } } }' \
    "$(jq -n --arg teamId "$team" --rawfile xml "$2" '{input: {$teamId, $xml}}')" >/dev/null
  # Operators may do without a test login; everybody else runs one first.
  ask 'mutation($input: EnableSsoInput!) { enableSso(input: $input) { ssoSettings { loginUrl } userErrors { code field message } } }' \
    "$(jq -n --arg teamId "$team" '{input: {$teamId, skipLoginTest: true}}')" | jq -r '.enableSso.ssoSettings.loginUrl'
}

add_certificate() {
  local provider
  provider=$(ask 'query($slug: String!) { team(slug: $slug) { ssoSettings { defaultIdentityProvider { id } } } }' \
    "$(jq -n --arg slug "$1" '{$slug}')" | jq -r '.team.ssoSettings.defaultIdentityProvider.id')
  ask 'mutation($input: AddCertificateInput!) { addCertificate(input: $input) { certificate { fingerprintSha256 notAfter } userErrors { code field message } } }' \
    "$(jq -n --arg identityProviderId "$provider" '{input: {$identityProviderId, file: null}}')" "$2" |
    jq -r '.addCertificate.certificate | "\(.fingerprintSha256) is trusted until \(.notAfter)"'
}

# A certificate can go when a younger one has verified a sign-in: the IdP signs
# with that one now. Until then both are trusted, and nobody is kept out.
retire_certificates() {
  ask 'query($slug: String!) { team(slug: $slug) { ssoSettings { defaultIdentityProvider { certificates { id fingerprintSha256 createdAt lastUsedAt } } } } }' \
    "$(jq -n --arg slug "$1" '{$slug}')" |
    jq -r '[.team.ssoSettings.defaultIdentityProvider.certificates[]] as $all
      | ([$all[] | select(.lastUsedAt)] | max_by(.createdAt)) as $new
      | $all[] | select($new and .createdAt < $new.createdAt) | .id' |
    while read -r id; do
      ask 'mutation($input: RemoveCertificateInput!) { removeCertificate(input: $input) { deletedCertificateId userErrors { code field message } } }' \
        "$(jq -n --arg certificateId "$id" '{input: {$certificateId}}')" | jq -r '.removeCertificate.deletedCertificateId'
    done
}

# pages DOCUMENT PATH SLUG - prints every node of a connection of the team.
pages() {
  local after=null page
  while :; do
    page=$(ask "$1" "$(jq -n --arg slug "$3" --argjson after "$after" '{$slug, $after}')" | jq --arg path "$2" '.team[$path]')
    jq -c '.nodes[]' <<<"$page"
    [ "$(jq '.pageInfo.hasNextPage' <<<"$page")" = true ] || break
    after=$(jq '.pageInfo.endCursor' <<<"$page")
  done
}

outside_sso() {
  pages 'query($slug: String!, $after: String) { team(slug: $slug) { memberships(first: 100, after: $after, filter: {underSso: false, status: ACTIVE}, orderBy: {field: USER_NAME}) {
      nodes { role source user { email } } pageInfo { hasNextPage endCursor } } } }' memberships "$1" |
    jq -r '"\(.user.email) \(.role) \(.source)"'
}

export_audit() {
  pages 'query($slug: String!, $after: String) { team(slug: $slug) { auditEvents(first: 100, after: $after, direction: ASC) {
      nodes { id at action actorKind actorLabel targetLabel ip requestId details { name value } changes { field before after } } pageInfo { hasNextPage endCursor } } } }' auditEvents "$1"
}

command=${1:?which command? See the beginning of this file}
shift
case "$command" in
  create-team) create_team "$@" ;;
  configure-sso) configure_sso "$@" ;;
  add-certificate) add_certificate "$@" ;;
  retire-certificates) retire_certificates "$@" ;;
  outside-sso) outside_sso "$@" ;;
  export-audit) export_audit "$@" ;;
  *) echo "there is no command $command; see the beginning of this file" >&2; exit 2 ;;
esac
