// The key that the demo prints goes into the headers below the editor.
const fetcher = async (params, options) => {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...options?.headers },
    body: JSON.stringify(params),
  });
  return answer.json();
};
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    shouldPersistHeaders: false,
    isHeadersEditorEnabled: true,
    defaultEditorToolsVisibility: "headers",
    defaultHeaders: JSON.stringify({ Authorization: "Bearer rck_PASTE_THE_KEY" }, null, 2),
    defaultQuery: '{\n  team(slug: "acme") {\n    name\n    memberships { totalCount nodes { role user { email } } }\n  }\n}\n',
  }),
);
