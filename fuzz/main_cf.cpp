/// main.cf: what was parsed, written out and parsed again, has the same values, also over other values; a
/// file cut between two logical lines parses as the two halves one after the other; every complaint is one of
/// those the reference has.
#include "protocol/main_cf.hpp"

#include <string>

#include "fuzz/input.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

constexpr std::string_view path = "/etc/postfix/main.cf";

std::string serialised(const ParameterTable& table) {
  std::string text;
  for (const auto& [name, value] : table) text.append(name).append(" = ").append(value).append("\n");
  return text;
}

void check_entries(const ParameterTable& table) {
  for (const auto& [name, value] : table) {
    FLUSH_ASSERT(!name.empty() && name.front() != '#');
    for (const char byte : name) FLUSH_ASSERT(byte != '=' && byte != '\0' && !is_blank(byte));
    FLUSH_ASSERT(value.find('\n') == std::string::npos && value.find('\0') == std::string::npos);
    FLUSH_ASSERT(value.empty() || (!is_blank(value.front()) && !is_blank(value.back())));
  }
}

void check_texts(const MainCf& parsed) {
  const std::string prefix(path);
  for (const std::string& warning : parsed.warnings) {
    FLUSH_ASSERT(warning.starts_with(prefix + ": logical line must not start with whitespace: \"") ||
                 (warning.starts_with(prefix + ", line ") &&
                  warning.find(": overriding earlier entry: ") != std::string::npos));
  }
  if (!parsed.fatal) return;
  FLUSH_ASSERT(parsed.fatal->starts_with(prefix + ", line "));
  FLUSH_ASSERT(parsed.fatal->find(": missing attribute name: \"") != std::string::npos ||
               parsed.fatal->find(": missing '=' after attribute name: \"") != std::string::npos);
}

/// Whether the line at the front of `text` begins a new logical line.
bool begins_entry(std::string_view text) {
  return !text.empty() && !is_blank(text.front()) && text.front() != '#' && text.front() != '\0';
}

void check_halves(std::string_view contents, const MainCf& whole) {
  for (std::size_t at = contents.find('\n'); at != std::string_view::npos; at = contents.find('\n', at + 1)) {
    const std::string_view back = contents.substr(at + 1);
    if (!begins_entry(back)) continue;
    MainCf front = parse_main_cf(path, contents.substr(0, at + 1));
    if (front.fatal) return;
    const MainCf both = parse_main_cf(path, back, std::move(front.table));
    FLUSH_ASSERT(both.table == whole.table);
    FLUSH_ASSERT(both.fatal.has_value() == whole.fatal.has_value());
    FLUSH_ASSERT(both.warnings.size() + front.warnings.size() == whole.warnings.size());
  }
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  const std::string_view contents = as_text(data, size);
  const MainCf parsed = parse_main_cf(path, contents);
  check_entries(parsed.table);
  check_texts(parsed);
  check_halves(contents, parsed);

  const MainCf again = parse_main_cf(path, serialised(parsed.table));
  FLUSH_ASSERT(again.table == parsed.table);
  FLUSH_ASSERT(again.warnings.empty() && !again.fatal);

  ParameterTable others;
  for (const auto& [name, value] : parsed.table) others[name] = "a value that is overridden";
  FLUSH_ASSERT(parse_main_cf(path, serialised(parsed.table), others).table == parsed.table);
  return 0;
}
