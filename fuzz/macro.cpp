/// Expansion of `$name`: it ends, within its limits; text without `$` stays as it is, and so does text whose
/// dollars are doubled; a second evaluation gives the same; `$name` is what the value of name expands to;
/// complaints are of the known forms, and there is one exactly when the expansion failed. And a text that was
/// made of references, conditions and comparisons so that its result is known expands to that.
///
/// The input is a main.cf; the values of its entries are what is expanded. It is also the choices that the
/// text is made by.
#include "protocol/macro.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "fuzz/input.hpp"
#include "fuzz/macro_tree.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

constexpr std::size_t entries_max = 4;
/// One reference may still be appended in full when the limit has just not been reached.
constexpr std::size_t expansion_bytes_max = std::size_t{64} << 20U;
constexpr std::size_t warnings_max = 1000;

constexpr std::array<std::string_view, 12> known_warnings = {
    "truncated macro reference: \"",
    "empty macro name: \"",
    "attribute name syntax error at: \"...",
    "\":\" expected at: \"...",
    "\"?\" or \":\" expected at: \"...",
    "unexpected input at: \"...",
    "unbalanced {} in attribute expression: \"",
    "bad operator suffix at: \"...",
    "malformed compatibility level syntax: \"",
    "unreasonable macro call nesting: \"",
    "\"{expression}\" expected at: \"...",
    R"("==" or "!="" or "<"" or "<="" or ">="" or ">" expected at: "...)",
};

bool is_known(const std::string& warning) {
  return std::any_of(known_warnings.begin(), known_warnings.end(), [&](std::string_view known) {
    return warning.starts_with(known) && warning.ends_with('"');
  });
}

bool same(const Expansion& one, const Expansion& other) {
  return one.fatal == other.fatal && one.warnings == other.warnings && (one.fatal || one.text == other.text);
}

std::string doubled_dollars(std::string_view text) {
  std::string doubled;
  for (const char byte : text) doubled.append(byte == '$' ? 2 : 1, byte);
  return doubled;
}

Expansion checked_expansion(std::string_view text, const ParameterTable& table) {
  Expansion expansion = expand_macros(text, table);
  FLUSH_ASSERT(expansion.text.size() <= expansion_bytes_max);
  FLUSH_ASSERT(expansion.warnings.size() <= warnings_max);
  for (const std::string& warning : expansion.warnings) FLUSH_ASSERT(is_known(warning));
  if (expansion.fatal) {
    const bool bad_number = expansion.fatal->starts_with("mac_exp_eval: bad conversion: ");
    const bool bad_macro = *expansion.fatal == "dictionary mail_dict: macro processing error";
    FLUSH_ASSERT(bad_number || (bad_macro && !expansion.warnings.empty()));
  } else {
    FLUSH_ASSERT(expansion.warnings.empty());
  }
  FLUSH_ASSERT(same(expansion, expand_macros(text, table)));
  return expansion;
}

void check_entry(const std::string& name, const std::string& value, const ParameterTable& table) {
  const Expansion expansion = checked_expansion(value, table);
  if (value.find('$') == std::string::npos) FLUSH_ASSERT(!expansion.fatal && expansion.text == value);
  const Expansion literal = expand_macros(doubled_dollars(value), table);
  FLUSH_ASSERT(!literal.fatal && literal.text == value);

  const bool can_be_named = std::all_of(name.begin(), name.end(), [](char byte) {
    return byte == '_' || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
  });
  if (!can_be_named) return;
  const Expansion braced = expand_macros("${" + name + "}", table);
  if (!braced.fatal) FLUSH_ASSERT(same(braced, expand_macros("$(" + name + ")", table)));
  if (!expansion.fatal && !braced.fatal) FLUSH_ASSERT(braced.text == expansion.text);
  if (expansion.fatal) FLUSH_ASSERT(braced.fatal);
}

void check_made_text(std::string_view choices) {
  constexpr std::size_t depth = 3;
  MacroTree tree(choices.substr(0, 64));
  const MadeText made = tree.make(depth);
  if (tree.is_out_of_range()) return;
  const Expansion expansion = checked_expansion(made.text, tree_values());
  FLUSH_ASSERT(!expansion.fatal && expansion.text == made.value);
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  constexpr std::size_t input_bytes_max = 2048;
  const std::string_view contents = as_text(data, std::min(size, input_bytes_max));
  const ParameterTable table = parse_main_cf("main.cf", contents).table;
  std::size_t checked = 0;
  for (const auto& [name, value] : table) {
    check_entry(name, value, table);
    if (++checked == entries_max) break;
  }
  check_made_text(contents);
  return 0;
}
