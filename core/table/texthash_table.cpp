#include "core/table/texthash_table.hpp"

#include <cerrno>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/logical_lines.hpp"
#include "core/table/memory_table.hpp"
#include "core/table/open_table.hpp"
#include "core/utf8.hpp"

namespace uflush {
namespace {

struct Entry {
  std::string_view key;
  std::string_view value;
  bool balanced = true;  ///< every quote has its partner
};

/// Quotes protect blanks, and a backslash protects the quote behind it; both remain part of the key.
Entry split_entry(std::string_view line) noexcept {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < line.size(); ++end) {
    const char c = line[end];
    if (c == '\\' && end + 1 < line.size())
      ++end;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && blanks.find(c) != std::string_view::npos)
      break;
  }
  return {line.substr(0, end), trim_blanks(line.substr(end)), !quoted};
}

class Loader {
 public:
  Loader(std::string_view file, bool utf8, Warnings& warnings)
      : file_(file), utf8_(utf8), warnings_(warnings) {}

  /// The error that makes the whole table unavailable, else nothing.
  std::string load(std::string_view content) {
    for (const LogicalLine& line : logical_lines(content, file_, warnings_)) {
      const Entry entry = split_entry(line.text);
      if (!is_usable(line, entry)) continue;
      if (!entries_.emplace(entry.key, entry.value).second)
        return fmt::format("{}, line {}: duplicate entry: \"{}\"", file_, line.number, entry.key);
    }
    return {};
  }

  TextMap take() { return std::move(entries_); }

 private:
  bool is_usable(const LogicalLine& line, const Entry& entry) {
    const auto ignored = [&](std::string why) {
      warnings_.push_back(fmt::format("{}, line {}: {} -- ignoring this line", file_, line.number, why));
      return false;
    };
    if (utf8_ && !is_valid_utf8(line.text))
      return ignored(fmt::format("non-UTF-8 input \"{}{}\"", line.text, line.blanks_behind));
    if (!entry.balanced) return ignored(fmt::format("unbalanced '\"' in '{}'", line.text));
    if (entry.value.empty()) return ignored("expected format: key whitespace value");
    if (entry.key.ends_with(':'))
      warnings_.push_back(fmt::format(
          "{}, line {}: record is in \"key: value\" format; is this an alias file?", file_, line.number));
    return true;
  }

  std::string_view file_;
  bool utf8_;
  Warnings& warnings_;
  TextMap entries_;
};

}  // namespace

OpenedTable open_texthash_table(const std::string& type_name, const TableContext& context) {
  const std::string file(split_type_name(type_name).second);
  Result<std::string> content = context.read_file(file);
  OpenedTable result;
  if (content.has_value()) {
    Loader loader(file, context.utf8, result.warnings);
    std::string error = loader.load(content.value());
    if (error.empty())
      result.table = std::make_shared<MemoryTable>(type_name, loader.take());
    else
      result = unavailable(type_name, std::move(error));
  } else if (content.error().number == EISDIR) {
    result.error = fmt::format("read {}: {}", file, content.error().message());
    result.fatal = true;
  } else {
    result = unavailable(type_name, fmt::format("open database {}: {}", file, content.error().message()));
  }
  return result;
}

}  // namespace uflush
