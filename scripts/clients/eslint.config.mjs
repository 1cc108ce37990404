// The lint of the contract: schema-recommended and schema-relay. Two rules are
// told what docs/graphql.md decides: lists may hold what is no edge (`nodes`,
// and short lists), and values, pages and payloads have no id.
import graphql from "@graphql-eslint/eslint-plugin";

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "./contract.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false, withEdgeSuffix: true }],
      "@graphql-eslint/strict-id-in-types": ["error", {
        acceptedIdNames: ["id"], acceptedIdTypes: ["ID"],
        exceptions: {
          suffixes: ["Connection", "Edge", "Payload", "Preview"],
          // Values of the object that they hang on, and facts that are nobody's rows.
          types: ["AttributeMapping", "AuditDetail", "CertificateNotice", "Change", "DomainChallenge", "EnforcementBlocker", "ExternalAttribute", "IdentityProviderPreset", "JobKindInfo", "JobsInfo", "LoginAttribute", "LoginChange", "LoginCheck",
            "LoginMessage", "LoginTestAttribute", "LoginTestProfile", "MetadataSource", "MfaRule", "NotificationSettings", "OwnLogin", "PageInfo", "PermissionCheck", "PresetCertificate", "PresetIssue",
            "PresetLabels", "PresetMetadataUrl", "PresetMfa", "PresetNameId", "PresetSigning", "RateLimit", "RemovalImpact", "RequestedAuthnContext", "RoleRule", "RoleRuleChange", "RoleRuleEffect",
            "ServiceProvider", "SystemInfo", "TeamPermissions", "UserEmail", "UserError", "Viewer"],
        },
      }],
    },
  },
];
