#include "core/table/member_tables.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

/// The names between the braces; none when the list is malformed.
std::vector<std::string_view> member_names(std::string_view list) {
  if (!list.starts_with('{') || closing_brace_end(list) != list.size()) return {};
  std::vector<std::string_view> names = split_outside_braces(list.substr(1, list.size() - 2));
  const auto is_name = [](std::string_view name) { return name.find(':') != std::string_view::npos; };
  if (!std::all_of(names.begin(), names.end(), is_name)) names.clear();
  return names;
}

}  // namespace

CompositeTable::CompositeTable(std::string name, Members members)
    : Table(std::move(name), members.front()->keys()), members_(std::move(members)) {}

bool CompositeTable::may_block() const noexcept {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->may_block(); });
}

bool CompositeTable::is_remote() const noexcept {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->is_remote(); });
}

OpenedTable open_composite(const std::string& type_name, const TableContext& context,
                           std::shared_ptr<Table> (*compose)(const std::string& type_name,
                                                             CompositeTable::Members members)) {
  const auto [type, list] = split_type_name(type_name);
  const std::vector<std::string_view> names = member_names(trim_blanks(list));
  if (names.empty())
    return unavailable(type_name,
                       fmt::format("bad syntax: \"{}\"; need \"{}:{{type:name...}}\"", type_name, type));
  OpenedTable result;
  CompositeTable::Members members;
  for (const std::string_view name : names) {
    OpenedTable member = open_table(std::string(name), context);
    result.warnings.insert(result.warnings.end(), member.warnings.begin(), member.warnings.end());
    result.files.insert(result.files.end(), member.files.begin(), member.files.end());
    if (member.fatal) {
      result.error = member.error;
      result.fatal = true;
      return result;
    }
    if (member.error && !result.error) {
      result.error = member.error;
    } else if (member.error) {
      result.further_errors.push_back(*member.error);
    }
    result.further_errors.insert(result.further_errors.end(), member.further_errors.begin(),
                                 member.further_errors.end());
    members.push_back(std::move(member.table));
  }
  result.table = compose(type_name, std::move(members));
  return result;
}

}  // namespace uflush
