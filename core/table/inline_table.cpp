#include "core/table/inline_table.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/key_set.hpp"
#include "core/table/open_table.hpp"
#include "core/utf8.hpp"

namespace uflush {
namespace {

struct Name {
  std::string_view text;
  std::string error;
};

/// The name in `name = value` or `{name = value}`.
Name name_of(std::string_view field) {
  if (field.starts_with('{')) {
    Braced braced = strip_braces(field);
    if (!braced.error.empty()) return {{}, std::move(braced.error)};
    field = braced.inside;
  }
  field = trim_blanks(field);
  if (field.empty()) return {{}, "no key found; expected format: key = value"};
  const std::size_t end = field.find_first_of("= \t\r\n\v\f");
  const std::size_t equals = field.find_first_not_of(blanks, end);
  if (equals == std::string_view::npos || field[equals] != '=')
    return {{}, "missing '=' after attribute name"};
  return {field.substr(0, end), {}};
}

OpenedTable malformed(const std::string& type_name, std::string_view what) {
  return unavailable(type_name,
                     fmt::format("{}: \"{}\"; need \"inline:{{name=value...}}\"", what, type_name));
}

}  // namespace

OpenedTable open_inline_table(const std::string& type_name, const TableContext& context) {
  const std::string_view list = trim_blanks(split_type_name(type_name).second);
  if (!list.starts_with('{') || closing_brace_end(list) != list.size())
    return malformed(type_name, "bad syntax");
  if (list == "{}") return malformed(type_name, "bad syntax");
  const std::vector<std::string_view> fields = split_outside_braces(list.substr(1, list.size() - 2));
  if (fields.empty()) return malformed(type_name, "empty table");
  if (context.utf8 && !is_valid_utf8(type_name)) return malformed(type_name, "bad UTF-8 syntax");
  KeySet keys;
  for (const std::string_view field : fields) {
    const Name name = name_of(field);
    if (!name.error.empty()) return malformed(type_name, name.error);
    keys.emplace(name.text);
  }
  return opened(std::make_shared<KeySetTable>(type_name, std::move(keys)));
}

}  // namespace uflush
