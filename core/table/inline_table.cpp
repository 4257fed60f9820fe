#include "core/table/inline_table.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/memory_table.hpp"
#include "core/table/open_table.hpp"
#include "core/utf8.hpp"

namespace uflush {
namespace {

struct Entry {
  std::string_view name;
  std::string_view value;
  std::string error;
};

/// What is in `name = value` or `{name = value}`.
Entry entry_of(std::string_view field) {
  if (field.starts_with('{')) {
    Braced braced = strip_braces(field);
    if (!braced.error.empty()) return {{}, {}, std::move(braced.error)};
    field = braced.inside;
  }
  field = trim_blanks(field);
  if (field.empty()) return {{}, {}, "no key found; expected format: key = value"};
  const std::size_t end = field.find_first_of("= \t\r\n\v\f");
  const std::size_t equals = field.find_first_not_of(blanks, end);
  if (equals == std::string_view::npos || field[equals] != '=')
    return {{}, {}, "missing '=' after attribute name"};
  return {field.substr(0, end), trim_blanks(field.substr(equals + 1)), {}};
}

OpenedTable malformed(const std::string& type_name, std::string_view what) {
  return unavailable(type_name,
                     fmt::format("{}: \"{}\"; need \"inline:{{name=value...}}\"", what, type_name));
}

}  // namespace

OpenedTable open_inline_table(const std::string& type_name, const TableContext& context) {
  if (context.utf8 && !is_valid_utf8(type_name)) return malformed(type_name, "bad UTF-8 syntax");
  const std::string_view list = trim_blanks(split_type_name(type_name).second);
  if (!list.starts_with('{') || closing_brace_end(list) != list.size())
    return malformed(type_name, "bad syntax");
  if (list == "{}") return malformed(type_name, "bad syntax");
  const std::vector<std::string_view> fields = split_outside_braces(list.substr(1, list.size() - 2));
  if (fields.empty()) return malformed(type_name, "empty table");
  TextMap entries;
  for (const std::string_view field : fields) {
    const Entry entry = entry_of(field);
    if (!entry.error.empty()) return malformed(type_name, entry.error);
    entries.insert_or_assign(std::string(entry.name), std::string(entry.value));
  }
  return opened(std::make_shared<MemoryTable>(type_name, std::move(entries)));
}

}  // namespace uflush
