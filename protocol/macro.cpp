#include "protocol/macro.hpp"

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstddef>
#include <utility>

#include "protocol/brackets.hpp"
#include "protocol/parameter_types.hpp"

namespace uflush {
namespace {

constexpr std::size_t nesting_max = 100;
constexpr std::size_t frames_max = 1000;
constexpr std::size_t references_max = 100'000;
constexpr std::size_t expansion_bytes_max = std::size_t{16} << 20U;
/// How much of the input after the place of an error is shown.
constexpr std::size_t context_bytes_max = 20;

bool is_name_byte(char byte) noexcept {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '_';
}

std::size_t name_length(std::string_view text) noexcept {
  const auto* const end = std::find_if_not(text.begin(), text.end(), is_name_byte);
  return static_cast<std::size_t>(end - text.begin());
}

std::string error_at(std::string_view what, std::string_view before, std::string_view after) {
  std::string text(what);
  text += ": \"...";
  text += before;
  text += ">>>";
  text += after.substr(0, context_bytes_max);
  text += '"';
  return text;
}

/// The two texts to choose from. What is not given is empty.
struct Branches {
  std::string_view if_true;
  std::string_view if_false;
  bool are_followed_by_junk = false;
};

enum class Operator { equal, not_equal, less, less_or_equal, greater_or_equal, greater };

struct OperatorSpelling {
  std::string_view text;
  Operator value;
};

constexpr OperatorSpelling operators[] = {
    {"==", Operator::equal},         {"!=", Operator::not_equal},        {"<", Operator::less},
    {"<=", Operator::less_or_equal}, {">=", Operator::greater_or_equal}, {">", Operator::greater},
};

bool holds(std::strong_ordering order, Operator op) noexcept {
  switch (op) {
    case Operator::equal:
      return std::is_eq(order);
    case Operator::not_equal:
      return std::is_neq(order);
    case Operator::less:
      return std::is_lt(order);
    case Operator::less_or_equal:
      return std::is_lteq(order);
    case Operator::greater_or_equal:
      return std::is_gteq(order);
    case Operator::greater:
      return std::is_gt(order);
  }
  return false;
}

bool is_all_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// One comparison, taken apart but not yet expanded.
struct Comparison {
  std::string_view left;
  std::string_view right;
  Operator op = Operator::equal;
  bool of_levels = false;
};

class Expander {
 public:
  Expander(const ParameterTable& table, Expansion& result) : table_(table), result_(result) {}

  /// Appends the expansion of `text`. False after an error, which then stands in the result.
  bool expand(std::string_view text, std::string& into) {
    if (frames_ == frames_max) return nesting_error(text);
    ++frames_;
    const bool ok = expand_pieces(text, into);
    --frames_;
    return ok;
  }

 private:
  /// Takes text apart into literals and references. A syntax error ends it; after a piece that failed, what
  /// is left, up to the next reference in brackets, is still looked at and may add a warning of its own.
  bool expand_pieces(std::string_view text, std::string& into) {
    bool ok = true;
    std::string literal;
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t dollar = rest.find('$');
      literal += rest.substr(0, dollar);
      if (dollar == std::string_view::npos) break;
      rest.remove_prefix(dollar + 1);
      if (!rest.empty() && rest.front() == '$') {
        literal += '$';
        rest.remove_prefix(1);
        continue;
      }
      if (!literal.empty() && !append_literal(literal, into)) ok = false;
      literal.clear();
      std::string_view inside;
      if (!take_reference(text, rest, inside, ok)) return false;
      if (!append_reference(inside, into)) ok = false;
    }
    return ok && (literal.empty() || append_literal(literal, into));
  }

  /// Splits what follows a `$` off `rest`: a name, or the text between brackets. `ok`: no piece before it has
  /// failed.
  bool take_reference(std::string_view text, std::string_view& rest, std::string_view& inside, bool ok) {
    const bool braced = !rest.empty() && rest.front() == '{';
    if (braced || (!rest.empty() && rest.front() == '(')) {
      const std::size_t length = braced ? balanced_length(rest, '{', '}') : balanced_length(rest, '(', ')');
      if (length == 0) return warn("truncated macro reference: \"" + std::string(text) + '"');
      if (!ok) return false;
      inside = rest.substr(1, length - 2);
      rest.remove_prefix(length);
    } else {
      inside = rest.substr(0, name_length(rest));
      rest.remove_prefix(inside.size());
    }
    if (inside.empty()) return warn("empty macro name: \"" + std::string(text) + '"');
    return true;
  }

  bool append_literal(std::string_view literal, std::string& into) {
    if (!enter(literal)) return false;
    --nesting_;
    into += literal;
    return true;
  }

  bool append_reference(std::string_view inside, std::string& into) {
    if (!enter(inside)) return false;
    const std::string_view start = skip_blanks(inside);
    const bool ok =
        !start.empty() && start.front() == '{' ? append_comparison(start, into) : append_named(inside, into);
    --nesting_;
    return ok;
  }

  /// After a failure nothing more is expanded, only the syntax of what is left is looked at. As in the
  /// reference, a level that was refused is not taken back: the callers, which go on with what stands behind
  /// the reference, are refused too.
  bool enter(std::string_view piece) {
    if (nesting_++ > nesting_max || ++references_ > references_max) return nesting_error(piece);
    return !failed_;
  }

  /// `name`, `name?text`, `name:text` and so on, without the brackets.
  bool append_named(std::string_view inside, std::string& into) {
    const std::string_view start = skip_blanks(inside);
    const std::string_view name = start.substr(0, name_length(start));
    const std::string_view after_name = start.substr(name.size());
    const std::string_view rest = skip_blanks(after_name);
    const std::string* const value = find(name);
    if (rest.empty()) return value == nullptr || append_expansion(*value, into);
    if (rest.front() != '?' && rest.front() != ':') {
      return warn(error_at("attribute name syntax error at",
                           inside.substr(0, inside.size() - after_name.size()), after_name));
    }
    Branches branches;
    if (!parse_branches(rest, branches)) return false;
    const bool is_set = value != nullptr && !value->empty();
    return append_branch(branches, is_set, into);
  }

  /// `{left} op {right}` and what to make of it.
  bool append_comparison(std::string_view start, std::string& into) {
    Comparison comparison;
    std::string_view rest = start;
    if (!parse_comparison(rest, comparison)) return false;
    bool is_true = false;
    if (!evaluate(comparison, is_true)) return false;
    Branches branches{.if_true = "true", .if_false = ""};
    if (!rest.empty()) {
      if (rest.front() != '?' && rest.front() != ':') {
        return warn(error_at("\"?\" or \":\" expected at", "}", rest));
      }
      branches.if_true = "";
      if (!parse_branches(rest, branches)) return false;
    }
    return append_branch(branches, is_true, into);
  }

  /// Junk behind the branches does not keep the chosen one from being expanded, and from warning.
  bool append_branch(const Branches& branches, bool is_true, std::string& into) {
    const bool ok = append_expansion(is_true ? branches.if_true : branches.if_false, into);
    failed_ = failed_ || branches.are_followed_by_junk;
    return ok && !branches.are_followed_by_junk;
  }

  bool parse_comparison(std::string_view& rest, Comparison& comparison) {
    if (!take_braced(rest, comparison.left)) return false;
    const std::string_view spelling = rest.substr(0, rest.find_first_not_of("<>!="));
    const auto* const known = std::find_if(std::begin(operators), std::end(operators),
                                           [&](const auto& each) { return each.text == spelling; });
    if (known == std::end(operators)) {
      const std::string before = std::string(comparison.left) + '}';
      return warn(error_at(R"("==" or "!="" or "<"" or "<="" or ">="" or ">" expected at)", before, rest));
    }
    comparison.op = known->value;
    rest.remove_prefix(spelling.size());
    const std::string through_operator = '{' + std::string(comparison.left) + "} " + std::string(spelling);
    const std::string_view suffix = rest.substr(0, std::min(name_length(rest), rest.find('_')));
    comparison.of_levels = suffix == "level";
    if (!suffix.empty() && !comparison.of_levels) {
      return warn("bad operator suffix at: \"..." + std::string(spelling) + ">>>" + std::string(suffix) +
                  '"');
    }
    rest.remove_prefix(suffix.size());
    const std::string_view after_operator = rest;
    rest = skip_blanks(rest);
    if (rest.empty() || rest.front() != '{') {
      return warn(error_at("\"{expression}\" expected at", through_operator, after_operator));
    }
    return take_braced(rest, comparison.right);
  }

  /// `?text`, `:text`, `?{text}:text`, with blanks around braced text. `rest` begins with the operator.
  bool parse_branches(std::string_view rest, Branches& branches) {
    const bool is_question = rest.front() == '?';
    std::string_view& first = is_question ? branches.if_true : branches.if_false;
    if (!take_operand(rest, first)) return false;
    if (rest.empty()) return true;
    branches.are_followed_by_junk = !is_question || rest.front() != ':';
    if (!is_question) return add_warning(error_at("unexpected input at", closed(first), rest));
    if (rest.front() != ':') return add_warning(error_at("\":\" expected at", closed(first), rest));
    if (!take_operand(rest, branches.if_false)) return false;
    if (rest.empty()) return true;
    branches.are_followed_by_junk = true;
    return add_warning(error_at("unexpected input at", closed(branches.if_false), rest));
  }

  /// The operand behind the operator byte at the front of `rest`: braced, or all that is left.
  bool take_operand(std::string_view& rest, std::string_view& operand) {
    rest.remove_prefix(1);
    const std::string_view start = skip_blanks(rest);
    if (!start.empty() && start.front() == '{') {
      rest = start;
      return take_braced(rest, operand);
    }
    operand = rest;
    rest = {};
    return true;
  }

  /// The text inside the braces at the front of `rest`, and the blanks behind them.
  bool take_braced(std::string_view& rest, std::string_view& inside) {
    const std::size_t length = balanced_length(rest, '{', '}');
    if (length == 0) return warn("unbalanced {} in attribute expression: \"" + std::string(rest) + '"');
    inside = rest.substr(1, length - 2);
    rest = skip_blanks(rest.substr(length));
    return true;
  }

  static std::string closed(std::string_view operand) { return std::string(operand) + '}'; }

  bool evaluate(const Comparison& comparison, bool& is_true) {
    std::string left;
    std::string right;
    // Both sides are always expanded, each as if it stood alone, so that each may warn; and compared as far
    // as they came, so that the comparison may warn as well.
    const bool left_ok = expand_alone(comparison.left, left);
    const bool right_ok = expand_alone(comparison.right, right);
    return compare(left, right, comparison, is_true) && left_ok && right_ok;
  }

  bool compare(const std::string& left, const std::string& right, const Comparison& comparison,
               bool& is_true) {
    if (comparison.of_levels) return compare_levels(left, right, comparison.op, is_true);
    if (!is_all_digits(left) || !is_all_digits(right)) {
      is_true = holds(left <=> right, comparison.op);
      return true;
    }
    long left_number = 0;
    long right_number = 0;
    if (!to_number(left, left_number) || !to_number(right, right_number)) return false;
    is_true = holds(left_number <=> right_number, comparison.op);
    return true;
  }

  bool compare_levels(const std::string& left, const std::string& right, Operator op, bool& is_true) {
    const auto left_level = parse_compatibility_level(left);
    if (!left_level) return warn(malformed_level_text(left));
    const auto right_level = parse_compatibility_level(right);
    if (!right_level) return warn(malformed_level_text(right));
    is_true = holds(*left_level <=> *right_level, op);
    return true;
  }

  bool to_number(const std::string& text, long& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{}) return true;
    if (!result_.fatal) result_.fatal = "mac_exp_eval: bad conversion: " + text;
    failed_ = true;
    return false;
  }

  /// One side of a comparison: neither the levels nor the failures around it count.
  bool expand_alone(std::string_view text, std::string& into) {
    const std::size_t outer_nesting = std::exchange(nesting_, 0);
    const bool outer_failed = std::exchange(failed_, false);
    const bool ok = expand(text, into);
    nesting_ = outer_nesting;
    failed_ = outer_failed || !ok;
    return ok;
  }

  /// A value, or the branch that was chosen, one level down.
  bool append_expansion(std::string_view text, std::string& into) {
    if (into.size() > expansion_bytes_max) return nesting_error(text);
    return expand(text, into);
  }

  [[nodiscard]] const std::string* find(std::string_view name) const {
    const auto found = table_.find(name);
    return found == table_.end() ? nullptr : &found->second;
  }

  bool nesting_error(std::string_view piece) {
    return warn("unreasonable macro call nesting: \"" + std::string(piece) + '"');
  }

  bool warn(std::string text) {
    failed_ = true;
    return !add_warning(std::move(text));
  }

  /// True: the caller goes on.
  bool add_warning(std::string text) {
    constexpr std::size_t warnings_max = 1000;
    if (!result_.fatal && result_.warnings.size() < warnings_max) result_.warnings.push_back(std::move(text));
    return true;
  }

  const ParameterTable& table_;
  Expansion& result_;
  bool failed_ = false;
  std::size_t nesting_ = 0;     ///< levels of values within values
  std::size_t frames_ = 0;      ///< the same, all comparisons around us included: bounds our stack
  std::size_t references_ = 0;  ///< bounds our time
};

}  // namespace

Expansion expand_macros(std::string_view text, const ParameterTable& table) {
  Expansion result;
  Expander expander(table, result);
  if (!expander.expand(text, result.text) && !result.fatal) {
    result.fatal = "dictionary mail_dict: macro processing error";
  }
  return result;
}

}  // namespace uflush
