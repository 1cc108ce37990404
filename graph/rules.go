package graph

import (
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// newRules are the specification's validation rules. Without suggestions, an
// error does not name what the schema has instead: callers who may not read the
// schema are not to guess their way through it.
func newRules(suggest bool) *rules.Rules {
	r := rules.NewDefaultRules()
	if suggest {
		return r
	}
	r.RemoveRule(rules.FieldsOnCorrectTypeRule.Name)
	r.RemoveRule(rules.ScalarLeafsRule.Name)
	r.RemoveRule(rules.ValuesOfCorrectTypeRule.Name)
	r.RemoveRule(rules.KnownArgumentNamesRule.Name)
	r.RemoveRule(rules.KnownTypeNamesRule.Name)
	r.AddRule(rules.FieldsOnCorrectTypeRuleWithoutSuggestions.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
	r.AddRule(rules.ScalarLeafsRuleWithoutSuggestions.Name, rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc)
	r.AddRule(rules.ValuesOfCorrectTypeRuleWithoutSuggestions.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	r.AddRule(rules.KnownArgumentNamesRuleWithoutSuggestions.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
	r.AddRule(rules.KnownTypeNamesRuleWithoutSuggestions.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
	return r
}
