/// The source format, one logical line each:
///
///     rule    = *"!" network blanks value
///     if      = "if" *"!" network
///     endif   = "endif"                           words in any case; if..endif nest
///     network = address [ "/" length ]            perhaps with the address, or all of it, in [ ]
///
/// A rule that makes no sense is left out with a warning in the reference's words. What is negated matches
/// the other addresses of the same family.
#include "core/table/cidr_table.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/found_value.hpp"
#include "core/table/logical_lines.hpp"
#include "core/table/open_table.hpp"
#include "core/table/rule_source.hpp"

namespace uflush {
namespace {

struct Address {
  int family = AF_INET;
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] std::size_t bits() const noexcept { return family == AF_INET ? 32 : 128; }
  friend bool operator==(const Address&, const Address&) = default;
};

int family_of(std::string_view text) noexcept {
  return text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
}

std::optional<Address> parse_address(std::string_view text) {
  Address address{family_of(text), {}};
  const std::string with_nul(text);
  if (::inet_pton(address.family, with_nul.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::string to_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

/// The first `length` bits.
Address network_of(Address address, std::size_t length) noexcept {
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const std::size_t kept = std::min<std::size_t>(length > i * 8 ? length - i * 8 : 0, 8);
    address.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return address;
}

struct Rule {
  enum class Kind { match, condition, end };
  Kind kind = Kind::match;
  bool negated = false;
  Address network;
  std::size_t length = 0;
  std::string value;

  [[nodiscard]] bool applies_to(const Address& key) const noexcept {
    return key.family == network.family && (network_of(key, length) == network) != negated;
  }
};

/// Is `word` what `line` starts with, in any case, and is it a word of its own?
bool starts_with_word(std::string_view line, std::string_view word) noexcept {
  if (line.size() < word.size()) return false;
  if (line.size() > word.size() && std::isalnum(static_cast<unsigned char>(line[word.size()])) != 0)
    return false;
  return std::equal(word.begin(), word.end(), line.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

class Reader {
 public:
  Reader(std::string_view file, Warnings& warnings) : file_(file), warnings_(warnings) {}

  void read(const LogicalLine& line) {
    line_ = line.number;
    const std::string_view text = line.text;
    if (starts_with_word(text, "endif"))
      read_end(trim_blanks(text.substr(5)));
    else if (starts_with_word(text, "if"))
      read_condition(text.substr(2));
    else
      read_match(text);
  }

  std::vector<Rule> finish() {
    for (; !open_conditions_.empty(); open_conditions_.pop_back()) {
      line_ = open_conditions_.back();
      warn("IF has no matching ENDIF");
    }
    return std::move(rules_);
  }

 private:
  void warn(std::string_view what) {
    warnings_.push_back(fmt::format("cidr map {}, line {}: {}", file_, line_, what));
  }
  bool skip(std::string_view why) {
    warn(fmt::format("{}: skipping this rule", why));
    return false;
  }

  void read_end(std::string_view rest) {
    if (!rest.empty()) {
      skip("garbage after ENDIF");
    } else if (open_conditions_.empty()) {
      skip("ENDIF without IF");
    } else {
      open_conditions_.pop_back();
      Rule rule;
      rule.kind = Rule::Kind::end;
      rules_.push_back(std::move(rule));
    }
  }

  void read_condition(std::string_view text) {
    Rule rule;
    rule.kind = Rule::Kind::condition;
    if (!read_network(trim_blanks(take_negations(text, rule)), rule)) return;
    open_conditions_.push_back(line_);
    rules_.push_back(std::move(rule));
  }

  void read_match(std::string_view text) {
    Rule rule;
    text = take_negations(text, rule);
    const std::size_t end = std::min(text.find_first_of(blanks), text.size());
    if (!read_network(text.substr(0, end), rule)) return;
    rule.value = trim_blanks(text.substr(end));
    if (rule.value.empty()) {
      skip("no lookup result");
      return;
    }
    rules_.push_back(std::move(rule));
  }

  static std::string_view take_negations(std::string_view text, Rule& rule) noexcept {
    for (text = trim_blanks(text); text.starts_with('!'); text = trim_blanks(text.substr(1)))
      rule.negated = !rule.negated;
    return text;
  }

  bool read_network(std::string_view text, Rule& rule) {
    if (text.empty()) return skip("no address pattern");
    std::string pattern(text);
    if (pattern.front() == '[') {
      const std::size_t close = pattern.find(']');
      if (close == std::string::npos) return skip(fmt::format("missing ']' character after \"{}\"", pattern));
      if (close + 1 < pattern.size() && pattern[close + 1] != '/')
        return skip(fmt::format("garbage after \"{}\"", pattern.substr(0, close + 1)));
      pattern.erase(close, 1).erase(0, 1);
    }
    const std::size_t slash = pattern.find('/');
    return slash == std::string::npos ? read_host(pattern, rule) : read_with_length(pattern, slash, rule);
  }

  bool read_host(const std::string& pattern, Rule& rule) {
    const auto address = parse_address(pattern);
    if (!address) return skip(fmt::format("bad address pattern: \"{}\"", pattern));
    rule.network = *address;
    rule.length = address->bits();
    return true;
  }

  bool read_with_length(const std::string& pattern, std::size_t slash, Rule& rule) {
    const std::string_view network = std::string_view(pattern).substr(0, slash);
    const std::string_view mask = std::string_view(pattern).substr(slash + 1);
    if (mask.empty() || mask.find_first_not_of("0123456789") != std::string_view::npos)
      return skip(fmt::format("bad mask value in \"{}\"", pattern));
    const auto [end, error] = std::from_chars(mask.data(), mask.data() + mask.size(), rule.length);
    if (error != std::errc{} || rule.length > Address{family_of(network), {}}.bits())
      return skip(fmt::format("bad mask length in \"{}\"", pattern));
    const auto address = parse_address(network);
    if (!address) return skip(fmt::format("bad network value in \"{}\"", pattern));
    rule.network = network_of(*address, rule.length);
    if (rule.network == *address) return true;
    return skip(fmt::format("non-null host address bits in \"{}\", perhaps you should use \"{}/{}\" instead",
                            pattern, to_text(rule.network), rule.length));
  }

  std::string_view file_;
  Warnings& warnings_;
  std::size_t line_ = 0;
  std::vector<std::size_t> open_conditions_;  ///< their lines
  std::vector<Rule> rules_;
};

class CidrTable final : public Table {
 public:
  CidrTable(std::string name, std::vector<Rule> rules, bool utf8)
      : Table(std::move(name), Keys::pattern), rules_(std::move(rules)), utf8_(utf8) {}

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const auto address = parse_address(key);
    if (!address) return Lookup::not_found;
    std::size_t skipped = 0;  // conditions that are open inside of one that does not hold, itself included
    for (const Rule& rule : rules_) {
      if (rule.kind == Rule::Kind::end) {
        if (skipped > 0) --skipped;
      } else if (skipped > 0) {
        if (rule.kind == Rule::Kind::condition) ++skipped;
      } else if (rule.kind == Rule::Kind::condition) {
        if (!rule.applies_to(*address)) skipped = 1;
      } else if (rule.applies_to(*address)) {
        return found_value(*this, key, rule.value, utf8_, inquiry);
      }
    }
    return Lookup::not_found;
  }

 private:
  std::vector<Rule> rules_;
  bool utf8_;
};

}  // namespace

OpenedTable open_cidr_table(const std::string& type_name, const TableContext& context) {
  const std::string file(split_type_name(type_name).second);
  RuleSource source = read_rule_source("cidr", file, context);
  const Result<std::string>& content = source.text;
  OpenedTable result;
  if (!source.error.empty()) {
    result = unavailable(type_name, std::move(source.error));
  } else if (content.has_value()) {
    Reader reader(file, result.warnings);
    for (const LogicalLine& line : logical_lines(content.value(), file, result.warnings))
      if (!line.text.empty()) reader.read(line);
    result.table = std::make_shared<CidrTable>(type_name, reader.finish(), context.utf8);
  } else if (content.error().number == EISDIR) {
    result.error = fmt::format("cidr map {}: read error: {}", file, content.error().message());
    result.fatal = true;
  } else {
    result = unavailable(type_name, fmt::format("open {}: {}", file, content.error().message()));
  }
  return result;
}

}  // namespace uflush
