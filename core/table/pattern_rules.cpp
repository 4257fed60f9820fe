#include "core/table/pattern_rules.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/found_value.hpp"
#include "core/table/logical_lines.hpp"
#include "core/table/open_table.hpp"
#include "core/table/rule_source.hpp"

namespace uflush {
namespace {

bool is_alnum(char c) noexcept {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

/// A rule of regexp: takes 0.5 us, one of pcre: 0.1 us. Beyond this many, looking is long enough to be a job
/// of its own.
constexpr std::size_t quick_rules_max = 200;

/// Is `word` what `text` starts with, in any case, and is it a word of its own?
bool starts_with_word(std::string_view text, std::string_view word) noexcept {
  if (text.size() < word.size() || (text.size() > word.size() && is_alnum(text[word.size()]))) return false;
  return std::equal(word.begin(), word.end(), text.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

std::string_view skip_blanks(std::string_view text) noexcept {
  return text.substr(std::min(text.find_first_not_of(blanks), text.size()));
}

class RuleReader {
 public:
  RuleReader(const PatternSyntax& syntax, std::string_view file, Warnings& warnings)
      : syntax_(syntax), file_(file), warnings_(warnings) {}

  void read(const LogicalLine& line) {
    line_ = line.number;
    const std::string_view text = line.text;
    if (!is_alnum(text.front()))
      read_match(text);
    else if (starts_with_word(text, "if"))
      read_condition(text.substr(2));
    else if (starts_with_word(text, "endif"))
      read_end(text.substr(5));
    else
      warn("ignoring unrecognized request");
  }

  std::vector<PatternRule> finish() {
    for (const std::size_t line : open_conditions_) {
      line_ = line;
      warn("IF has no matching ENDIF");
    }
    return std::move(rules_);
  }

 private:
  /// `!/pattern/flags rest`, taken apart.
  struct Parts {
    bool negated = false;
    std::string pattern;
    std::string_view flags;
    std::string_view rest;
  };

  void warn(std::string_view what) {
    warnings_.push_back(fmt::format("{} map {}, line {}: {}", syntax_.type, file_, line_, what));
  }

  std::optional<Parts> take_apart(std::string_view text) {
    Parts parts;
    for (text = skip_blanks(text); text.starts_with('!'); text = skip_blanks(text.substr(1)))
      parts.negated = !parts.negated;
    if (text.empty()) {
      warn("no regexp: skipping this rule");
      return std::nullopt;
    }
    const char delimiter = text.front();
    std::size_t end = 1;
    while (end < text.size() && text[end] != delimiter)
      end += text[end] == '\\' && end + 1 < text.size() ? 2 : 1;
    if (end >= text.size()) {
      warn(fmt::format("no closing regexp delimiter \"{}\": {}", delimiter, syntax_.unclosed));
      return std::nullopt;
    }
    parts.pattern = text.substr(1, end - 1);
    const std::string_view behind = text.substr(end + 1);
    const std::size_t flags_end = std::min(behind.find_first_of(" \t\r\n\v\f!"), behind.size());
    parts.flags = behind.substr(0, flags_end);
    parts.rest = skip_blanks(behind.substr(flags_end));
    const std::size_t unknown = parts.flags.find_first_not_of(syntax_.flags);
    for (const char flag : parts.flags.substr(0, unknown))
      if (flag == syntax_.obsolete_flag) warn(fmt::format("ignoring obsolete regexp option \"{}\"", flag));
    if (unknown == std::string_view::npos) return parts;
    warn(fmt::format("unknown regexp option \"{}\": skipping this rule", parts.flags[unknown]));
    return std::nullopt;
  }

  bool compile(const Parts& parts, PatternRule& rule) {
    std::string error;
    std::optional<CompiledPattern> compiled = syntax_.compile(parts.pattern, parts.flags, error);
    if (!compiled) {
      warn(error);
      return false;
    }
    rule.pattern = std::move(*compiled);
    rule.negated = parts.negated;
    rule.line = line_;
    return true;
  }

  void read_match(std::string_view text) {
    const std::optional<Parts> parts = take_apart(text);
    if (!parts) return;
    if (parts->rest.empty()) warn("no replacement text: using empty string");
    const Replacement replacement = read_replacement(parts->rest, syntax_.zero_index);
    for (const Replacement::Problem& problem : replacement.problems) {
      if (problem.is_about_rule) {
        warn(problem.text);
      } else {
        warnings_.push_back(problem.text);
      }
    }
    if (replacement.is_malformed()) return warn("bad replacement syntax: skipping this rule");
    if (parts->negated && replacement.index_max > 0)
      return warn("$number found in negative match replacement text: skipping this rule");
    PatternRule rule;
    rule.replacement = parts->rest;
    rule.index_max = replacement.index_max;
    if (!compile(*parts, rule)) return;
    if (replacement.index_max > rule.pattern.capture_count)
      return warn(fmt::format("out of range replacement index \"{}\": skipping this rule",
                              static_cast<std::int32_t>(replacement.index_max)));
    rules_.push_back(std::move(rule));
  }

  void read_condition(std::string_view text) {
    const std::optional<Parts> parts = take_apart(text);
    if (!parts) return;
    if (!parts->rest.empty()) {
      warn(fmt::format("ignoring extra text after IF statement: \"{}\"", parts->rest));
      warn("do not prepend whitespace to statements between IF and ENDIF");
    }
    PatternRule rule;
    rule.kind = PatternRule::Kind::condition;
    if (!compile(*parts, rule)) return;
    open_conditions_.push_back(line_);
    rules_.push_back(std::move(rule));
  }

  void read_end(std::string_view text) {
    if (open_conditions_.empty()) return warn("ignoring ENDIF without matching IF");
    if (!skip_blanks(text).empty()) warn("ignoring extra text after ENDIF");
    open_conditions_.pop_back();
    PatternRule rule;
    rule.kind = PatternRule::Kind::end;
    rule.line = line_;
    rules_.push_back(std::move(rule));
  }

  const PatternSyntax& syntax_;
  std::string_view file_;
  Warnings& warnings_;
  std::size_t line_ = 0;
  std::vector<std::size_t> open_conditions_;  ///< their lines
  std::vector<PatternRule> rules_;
};

class PatternTable final : public Table {
 public:
  PatternTable(std::string name, std::vector<PatternRule> rules, bool utf8)
      : Table(std::move(name), Keys::pattern), rules_(std::move(rules)), utf8_(utf8) {}

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    key_.assign(key);
    std::size_t skipped = 0;  // conditions that are open inside of one that does not hold, itself included
    for (const PatternRule& rule : rules_) {
      if (rule.kind == PatternRule::Kind::end) {
        if (skipped > 0) --skipped;
      } else if (skipped > 0) {
        if (rule.kind == PatternRule::Kind::condition) ++skipped;
      } else {
        captures_.assign(rule.index_max, {});
        const bool applies = rule.pattern.matches(key_, captures_) != rule.negated;
        if (rule.kind == PatternRule::Kind::match && applies)
          return found_value(*this, key, expand_replacement(rule.replacement, captures_), utf8_, inquiry);
        if (rule.kind == PatternRule::Kind::condition && !applies) skipped = 1;
      }
    }
    return Lookup::not_found;
  }

  [[nodiscard]] bool may_block() const noexcept override { return rules_.size() > quick_rules_max; }

 private:
  std::vector<PatternRule> rules_;
  bool utf8_;
  std::string key_;
  std::vector<std::string_view> captures_;  ///< views of key_
};

}  // namespace

std::vector<PatternRule> read_pattern_rules(const PatternSyntax& syntax, std::string_view content,
                                            std::string_view file, Warnings& warnings) {
  RuleReader reader(syntax, file, warnings);
  for (const LogicalLine& line : logical_lines(content, file, warnings))
    if (!line.text.empty()) reader.read(line);
  return reader.finish();
}

OpenedTable open_pattern_table(const PatternSyntax& syntax, const std::string& type_name,
                               const TableContext& context) {
  const std::string file(split_type_name(type_name).second);
  RuleSource source = read_rule_source(syntax.type, file, context);
  const Result<std::string>& content = source.text;
  OpenedTable result;
  if (!source.error.empty()) {
    result = unavailable(type_name, std::move(source.error));
  } else if (!content.has_value() && content.error().number != EISDIR) {
    result = unavailable(type_name, fmt::format("open {}: {}", file, content.error().message()));
  } else {
    const std::string_view text =
        content.has_value() ? std::string_view(content.value()) : std::string_view();
    std::vector<PatternRule> rules = read_pattern_rules(syntax, text, file, result.warnings);
    result.table = std::make_shared<PatternTable>(type_name, std::move(rules), context.utf8);
  }
  return result;
}

}  // namespace uflush
