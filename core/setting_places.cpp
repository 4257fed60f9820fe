#include "core/setting_places.hpp"

#include <algorithm>
#include <utility>

#include "protocol/main_cf.hpp"

namespace uflush {

const ConfigOverride* SettingPlaces::last_override(std::string_view name) const {
  const auto last = std::find_if(overrides_.rbegin(), overrides_.rend(),
                                 [&](const ConfigOverride& each) { return each.name == name; });
  return last == overrides_.rend() ? nullptr : &*last;
}

bool SettingPlaces::is_option(std::string_view name) const {
  return last_override(name) != nullptr;
}

std::optional<SettingPlaces::Setting> SettingPlaces::find(std::string_view name) const {
  if (const ConfigOverride* given = last_override(name))
    return Setting{options_place_ + ", option -" + given->option, given->value};
  for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
    if (auto entry = find_entry(file->contents, name))
      return Setting{line_place(file->path, entry->line_number), std::move(entry->value)};
  }
  return std::nullopt;
}

std::string SettingPlaces::describe(std::string_view name) const {
  const std::optional<Setting> setting = find(name);
  if (!setting) return {};
  return setting->place + ": " + std::string(name) + " = " + setting->value;
}

}  // namespace uflush
