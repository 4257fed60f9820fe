/// Where each parameter was set: for those who have to tell somebody what to mend.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uflush {

/// One `-o name=value`, or `-i value` as `max_idle` and `-m value` as `max_use`.
struct ConfigOverride {
  std::string name;
  std::string value;
  char option = 'o';  ///< the letter on the command line
};

/// The texts that a configuration was read from, options, uflush.cf and main.cf, of which the first one
/// that sets a parameter counts. A place is looked for only when somebody asks, by reading the texts again.
class SettingPlaces {
 public:
  /// A file and its contents; the path is what messages call it.
  struct File {
    std::string path;
    std::string contents;
  };

  SettingPlaces() = default;
  /// `options_place` is what messages call the command line: `/etc/postfix/master.cf` for that of a service.
  SettingPlaces(std::vector<ConfigOverride> overrides, std::string options_place)
      : overrides_(std::move(overrides)), options_place_(std::move(options_place)) {}

  /// Adds a file that counts more than those before it, and less than the options.
  void add_file(File file) { files_.push_back(std::move(file)); }

  /// True when an option sets the parameter.
  [[nodiscard]] bool is_option(std::string_view name) const;

  /// A setting, and where it is.
  struct Setting {
    std::string place;  ///< `/etc/postfix/main.cf, line 12` or `/etc/postfix/master.cf, option -o`
    std::string value;  ///< not expanded
  };
  /// The one that counts; nothing when nobody has set the parameter.
  [[nodiscard]] std::optional<Setting> find(std::string_view name) const;

  /// `/etc/postfix/main.cf, line 12: max_idle = 5x`; empty when nobody has set the parameter.
  [[nodiscard]] std::string describe(std::string_view name) const;

 private:
  [[nodiscard]] const ConfigOverride* last_override(std::string_view name) const;

  std::vector<ConfigOverride> overrides_;
  std::string options_place_;
  std::vector<File> files_;
};

}  // namespace uflush
