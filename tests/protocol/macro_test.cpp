#include "protocol/macro.hpp"

#include <string>

#include <gmock/gmock.h>

namespace uflush {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* macro_error = "dictionary mail_dict: macro processing error";

const ParameterTable table = {{"set", "value"},       {"empty", ""},     {"refers", "$nothing"},
                              {"twice", "$set/$set"}, {"loop", "$back"}, {"back", "$loop"},
                              {"broken", "a$-b"}};

std::string expand(std::string_view text) {
  const Expansion expansion = expand_macros(text, table);
  EXPECT_EQ(expansion.fatal, std::nullopt) << text;
  return expansion.text;
}

/// The only warning of an expansion that fails.
std::string warning(std::string_view text) {
  const Expansion expansion = expand_macros(text, table);
  EXPECT_EQ(expansion.fatal, macro_error) << text;
  return expansion.warnings.size() == 1 ? expansion.warnings.front() : "not one warning";
}

TEST(Macro, KnowsThreeSpellingsOfAReference) {
  EXPECT_EQ(expand("$set-${set}-$(set)-${ set }"), "value-value-value-value");
  EXPECT_EQ(expand("$set.x$setx"), "value.x");
}

TEST(Macro, TurnsTwoDollarsIntoOneThatRefersToNothing) {
  EXPECT_EQ(expand("a$$set$$$$b"), "a$set$$b");
}

TEST(Macro, ExpandsWhatItLooksUp) {
  EXPECT_EQ(expand("[$twice]"), "[value/value]");
}

TEST(Macro, LooksAtTheUnexpandedValueInACondition) {
  EXPECT_EQ(expand("${set?x}${empty?x}${nothing?x}${refers?y}"), "xy");
  EXPECT_EQ(expand("${set:x}${empty:x}${nothing:y}${refers:x}"), "xy");
}

TEST(Macro, TakesUnbracedTextAsItIsAndDropsBlanksAroundBraces) {
  EXPECT_EQ(expand("${set? a:b }"), " a:b ");
  EXPECT_EQ(expand("${nothing:a{b}c}"), "a{b}c");
  EXPECT_EQ(expand("${set ? { a } : {b} }|${empty ? { a } : {b} }"), " a |b");
  EXPECT_EQ(expand("${empty?{a}: b }"), " b ");
  EXPECT_EQ(expand("$(empty:a}b)"), "a}b");
}

TEST(Macro, DoesNotLookIntoTheBranchThatIsNotTaken) {
  EXPECT_EQ(expand("${set?{ok}:{$-}}"), "ok");
}

TEST(Macro, ComparesNumbersWhenBothSidesAreAllDigitsElseBytes) {
  EXPECT_EQ(expand("${{9}<{10}}${{09}=={9}}${{a9}>{a10}}${{-1}<{0}}${{}<{1}}"), "truetruetruetruetrue");
  EXPECT_EQ(expand("[${{+1}=={1}}${{9}>={10}}]"), "[]");
  EXPECT_EQ(expand("[${{9}<={9}}${{9}<={10}}${{10}<={9}}]"), "[truetrue]");
  EXPECT_EQ(expand("${{$set} != {value} ? {a} : {b}}${{$set} == {value} ? x:y}"), "b x:y");
}

TEST(Macro, ComparesCompatibilityLevels) {
  EXPECT_EQ(expand("${{3.10} >level {3.9} ? {a} : {b}}${{1.2}==level{1.2.0}}"), "atrue");
  EXPECT_EQ(warning("${{1.1024} <level {2}}"), "malformed compatibility level syntax: \"1.1024\"");
}

TEST(Macro, NamesTheTextWhenAReferenceIsIncomplete) {
  EXPECT_EQ(warning("a ${x b"), "truncated macro reference: \"a ${x b\"");
  EXPECT_EQ(warning("a $- b"), "empty macro name: \"a $- b\"");
  EXPECT_EQ(warning("a ${} b"), "empty macro name: \"a ${} b\"");
  EXPECT_EQ(warning("[$broken]"), "empty macro name: \"a$-b\"");
  EXPECT_EQ(warning("$(x?{a)"), "unbalanced {} in attribute expression: \"{a\"");
}

TEST(Macro, ShowsThePlaceOfASyntaxError) {
  EXPECT_EQ(warning("${  abc  -ghijklmnopqrstuvwxyz0}"),
            "attribute name syntax error at: \"...  abc>>>  -ghijklmnopqrstuvw\"");
  EXPECT_EQ(warning("${x?{a}junk}"), "\":\" expected at: \"...a}>>>junk\"");
  EXPECT_EQ(warning("${x?{a}:{b}c}"), "unexpected input at: \"...b}>>>c\"");
  EXPECT_EQ(warning("${x:{a} :{b}}"), "unexpected input at: \"...a}>>>:{b}\"");
  EXPECT_EQ(warning("${{x} == {a}foo}"), "\"?\" or \":\" expected at: \"...}>>>foo\"");
  EXPECT_EQ(warning("${{x} == foo}"), "\"{expression}\" expected at: \"...{x} ==>>> foo\"");
  EXPECT_EQ(warning("${{x} >foo {y}}"), "bad operator suffix at: \"...>>>>foo\"");
  EXPECT_EQ(warning("${{x} ~ {y}}"),
            "\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" expected at: \"...x}>>>~ {y}\"");
}

TEST(Macro, EvaluatesBothSidesOfAComparisonThoughOneFails) {
  EXPECT_THAT(expand_macros("${{$-}=={$-}}", table).warnings,
              ElementsAre("empty macro name: \"$-\"", "empty macro name: \"$-\""));
}

TEST(Macro, DiesOfANumberThatDoesNotFit) {
  EXPECT_EQ(expand_macros("${{9223372036854775808}<{1}}", table).fatal,
            "mac_exp_eval: bad conversion: 9223372036854775808");
}

std::string numbered(std::string name, int number) {
  name += std::to_string(number);
  return name;
}

/// c1 refers to c2 and so on, to c<length>, which is `end`.
Expansion expand_chain(int length) {
  ParameterTable chain;
  for (int at = 1; at < length; ++at) chain[numbered("c", at)] = numbered("$c", at + 1);
  chain[numbered("c", length)] = "end";
  return expand_macros("$c1", chain);
}

TEST(Macro, RefusesMoreThanAHundredLevels) {
  EXPECT_EQ(expand_chain(100).text, "end");
  EXPECT_THAT(expand_chain(101).warnings, ElementsAre("unreasonable macro call nesting: \"end\""));
  EXPECT_THAT(warning("$loop"), HasSubstr("unreasonable macro call nesting: "));
}

TEST(Macro, RefusesAValueThatMultipliesItselfOrComparesWithItself) {
  ParameterTable grows{{"c40", "x"}, {"self", "${{$self} == {x}}"}};
  for (int at = 0; at < 40; ++at) {
    grows[numbered("c", at)] = numbered("$c", at + 1) + numbered("$c", at + 1);
  }
  EXPECT_EQ(expand_macros("$c0", grows).fatal, macro_error);
  EXPECT_EQ(expand_macros("$self", grows).fatal, macro_error);
}

}  // namespace
}  // namespace uflush
