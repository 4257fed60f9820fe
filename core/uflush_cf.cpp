#include "core/uflush_cf.hpp"

#include <optional>
#include <utility>

#include "core/nearest_name.hpp"

namespace uflush {
namespace {

std::string unknown_text(std::string_view place, std::string_view name, std::string_view nearest) {
  std::string text(place);
  text += ": unknown parameter ";
  text += name;
  text += "; the nearest name is ";
  text += nearest;
  return text;
}

std::string place_in(std::string_view path, std::string_view contents, std::string_view name) {
  const std::optional<EntryAt> entry = find_entry(contents, name);
  return line_place(path, entry ? entry->line_number : 0);
}

std::string foreign_text(std::string_view place, std::string_view name) {
  if (const auto meant = own_parameter_like(name)) return unknown_text(place, name, *meant);
  std::string text(place);
  text += ": ";
  text += name;
  text += " has no effect in this file, which is for uflush_* parameters only";
  return text;
}

}  // namespace

UflushCf parse_uflush_cf(std::string_view path, std::string_view contents) {
  MainCf file = parse_main_cf(path, contents, {}, BadLine::is_passed_over);
  UflushCf result{std::move(file.table), std::move(file.warnings)};
  for (auto entry = result.table.begin(); entry != result.table.end();) {
    const std::string& name = entry->first;
    if (is_named_as_ours(name)) {
      ++entry;
      continue;
    }
    result.warnings.push_back(foreign_text(place_in(path, contents, name), name));
    entry = result.table.erase(entry);
  }
  for (std::string& text : unknown_parameter_warnings(result.table, path, contents))
    result.warnings.push_back(std::move(text));
  return result;
}

std::vector<std::string> unknown_parameter_warnings(const ParameterTable& table, std::string_view path,
                                                    std::string_view contents) {
  std::vector<std::string> warnings;
  for (auto entry = table.lower_bound(own_prefix); entry != table.end(); ++entry) {
    const std::string& name = entry->first;
    if (!is_named_as_ours(name)) break;
    if (!is_known_as_ours(name))
      warnings.push_back(unknown_text(place_in(path, contents, name), name, nearest_own_parameter(name)));
  }
  return warnings;
}

std::vector<std::string> unknown_parameter_warnings(const std::vector<ConfigOverride>& overrides,
                                                    std::string_view place) {
  std::vector<std::string> warnings;
  for (const ConfigOverride& each : overrides) {
    if (is_named_as_ours(each.name) && !is_known_as_ours(each.name))
      warnings.push_back(unknown_text(std::string(place) + ", option -" + each.option, each.name,
                                      nearest_own_parameter(each.name)));
  }
  return warnings;
}

}  // namespace uflush
