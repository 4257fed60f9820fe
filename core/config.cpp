#include "core/config.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include <pwd.h>
#include <unistd.h>

#include "core/nearest_name.hpp"
#include "core/parameters.hpp"
#include "core/uflush_cf.hpp"
#include "io/check.hpp"
#include "io/optional_calls.hpp"
#include "io/read_file.hpp"
#include "protocol/host_name.hpp"
#include "protocol/macro.hpp"
#include "protocol/main_cf.hpp"

namespace uflush {
namespace {

/// Which faults let a parameter have its default.
enum class Mercy { for_ours, for_all };

/// Goes through the rows of parameters() and turns the table of texts into a Config.
class Evaluation {
 public:
  Evaluation(ParameterTable table, const ConfigSource& source, LoadedConfig& loaded, Mercy mercy)
      : table_(std::move(table)),
        source_(source),
        loaded_(loaded),
        warnings_(loaded.warnings),
        effective_(loaded.effective),
        mercy_(mercy) {}

  ConfigResult<Config> run() {
    config_.config_directory = source_.config_directory;
    config_.process_name = source_.process_name;
    config_.service_name = source_.service_name;
    effective_.reserve(parameters().size() + 2);  // some rows make two values
    for (const Parameter& row : parameters()) {
      BOOST_OUTCOME_TRYV(evaluate(row));
    }
    set_explicit_max_use();
    set_debugger_command();
    return std::move(config_);
  }

 private:
  ConfigResult<void> evaluate(const Parameter& row) {
    const std::size_t effective_before = effective_.size();
    const std::size_t warnings_before = warnings_.size();
    ConfigResult<void> done = evaluate_as_set(row);
    const bool is_ours = is_named_as_ours(row.name);
    if (done || (!is_ours && mercy_ != Mercy::for_all)) return done;
    if (is_ours) warn_of_default(row, done.error().text, warnings_before);
    effective_.resize(effective_before);
    if (const auto set = table_.find(row.name); set != table_.end()) table_.erase(set);
    done = evaluate_as_set(row);
    FLUSH_ASSERT(done || !is_ours);  // our defaults are good and name nobody
    return outcome::success();
  }

  ConfigResult<void> evaluate_as_set(const Parameter& row) {
    return std::visit([&](const auto& type) { return evaluate(row, type); }, row.type);
  }

  /// One record, of which what the expansion has said becomes a part.
  void warn_of_default(const Parameter& row, const std::string& fault, std::size_t warnings_before) {
    std::string text = fault;
    if (warnings_.size() > warnings_before) {
      text = loaded_.places.describe(row.name) + ": " + warnings_[warnings_before];
      warnings_.resize(warnings_before);
    } else if (const auto setting = loaded_.places.find(row.name)) {
      text = setting->place + ": " + fault;
    }
    warnings_.push_back(text + "; using the default: " + std::string(row.default_text));
  }

  ConfigResult<void> evaluate(const Parameter& row, const StrParameter& type) {
    // The value of a parameter that we have no use for is looked at by those who name it only.
    if (type.member == nullptr && table_.contains(row.name)) return outcome::success();
    TRY(text, type.member == nullptr ? expanded_text_of(row.name, row.default_text)
                                     : value_of(row.name, row.default_text));
    TRY(value, parse_str(row.name, text, {.min = type.bytes_min}));
    if (type.member != nullptr) config_.*type.member = std::move(value);
    return outcome::success();
  }

  ConfigResult<void> evaluate(const Parameter& row, const IntParameter& type) {
    TRY(text, value_of(row.name, row.default_text));
    TRY(value, parse_int(row.name, text, type.limits));
    config_.*type.member = value;
    return outcome::success();
  }

  ConfigResult<void> evaluate(const Parameter& row, const TimeParameter& type) {
    TRY(text, value_of(row.name, row.default_text));
    TRY(value, parse_time(row.name, text, row.default_text.back(), type.limits));
    config_.*type.member = value;
    return outcome::success();
  }

  ConfigResult<void> evaluate(const Parameter& row, const BoolParameter& type) {
    TRY(text, value_of(row.name, row.default_text));
    TRY(value, parse_bool(row.name, text));
    config_.*type.member = value;
    return outcome::success();
  }

  ConfigResult<void> evaluate(const Parameter& row, const ParsedParameter& type) {
    TRY(text, value_of(row.name, row.default_text));
    TRY(value, parse_str(row.name, text, {.min = type.bytes_min}));
    return type.parse(config_, value);
  }

  ConfigResult<void> evaluate(const Parameter& /*row*/, HostNames /*type*/) {
    TRY(system_name, default_host_name());
    TRY(host_name, non_empty_value_of("myhostname", system_name));
    const std::size_t dot = host_name.find('.');
    const std::string domain_default = dot == std::string::npos ? "localdomain" : host_name.substr(dot + 1);
    TRY(domain, non_empty_value_of("mydomain", domain_default));
    BOOST_OUTCOME_TRYV(check_host_name("myhostname", host_name));
    BOOST_OUTCOME_TRYV(check_host_name("mydomain", domain));
    config_.myhostname = std::move(host_name);
    config_.mydomain = std::move(domain);
    return outcome::success();
  }

  /// What the system says; a name without a dot is completed with mydomain as main.cf has it.
  ConfigResult<std::string> default_host_name() {
    const std::string& name = source_.system_hostname;
    if (table_.contains("myhostname") || name.find('.') != std::string::npos) return name;
    const auto domain = table_.find("mydomain");
    if (domain == table_.end()) return name + ".localdomain";
    TRY(expanded, expand(domain->second));
    return name + '.' + expanded;
  }

  ConfigResult<std::string> non_empty_value_of(std::string_view name, std::string_view default_text) {
    TRY(text, value_of(name, default_text));
    return parse_str(name, text, {.min = 1});
  }

  ConfigResult<void> check_host_name(std::string_view name, std::string_view value) {
    loaded_.faulty_parameter = name;
    std::optional<std::string> fault = host_name_fault(value);
    if (!fault) return outcome::success();
    warnings_.push_back(*std::move(fault));
    return ConfigError{"file " + source_.config_directory + "/main.cf: parameter " + std::string(name) +
                       ": bad parameter value: " + std::string(value)};
  }

  /// The expanded value. From here on others see the default, too, in its expanded form.
  ConfigResult<std::string> expanded_text_of(std::string_view name, std::string_view default_text) {
    loaded_.faulty_parameter = name;  // should it fail
    const auto explicit_text = table_.find(name);
    if (explicit_text != table_.end()) return expand(explicit_text->second);
    TRY(expanded, expand(default_text));
    table_.emplace(name, expanded);
    return expanded;
  }

  /// The same for a parameter of ours.
  ConfigResult<std::string> value_of(std::string_view name, std::string_view default_text) {
    TRY(text, expanded_text_of(name, default_text));
    effective_.emplace_back(name, text);
    return text;
  }

  ConfigResult<std::string> expand(std::string_view text) {
    if (text.find('$') == std::string_view::npos) return std::string(text);
    Expansion expansion = expand_macros(text, table_);
    std::move(expansion.warnings.begin(), expansion.warnings.end(), std::back_inserter(warnings_));
    if (expansion.fatal) return ConfigError{*std::move(expansion.fatal)};
    return std::move(expansion.text);
  }

  /// As the last override of max_use won, its value is the one that was evaluated.
  void set_explicit_max_use() {
    const bool given = std::any_of(source_.overrides.begin(), source_.overrides.end(),
                                   [](const ConfigOverride& each) { return each.name == "max_use"; });
    if (given) config_.max_use_explicit = config_.max_use;
  }

  void set_debugger_command() {
    const auto command = table_.find("debugger_command");
    const std::string text = command == table_.end() ? std::string() : command->second;
    if (source_.process_id != 0) table_["process_id"] = std::to_string(source_.process_id);
    Expansion expansion = expand_macros(text, table_);
    if (!expansion.fatal) config_.debugger_command = std::move(expansion.text);
    effective_.emplace_back("debugger_command", config_.debugger_command);
  }

  ParameterTable table_;
  const ConfigSource& source_;
  LoadedConfig& loaded_;
  std::vector<std::string>& warnings_;
  std::vector<std::pair<std::string, std::string>>& effective_;
  Mercy mercy_;
  Config config_;
};

void add_warnings(LoadedConfig& loaded, std::vector<std::string> warnings) {
  std::move(warnings.begin(), warnings.end(), std::back_inserter(loaded.warnings));
}

/// Reads main.cf into `table`. Fails with the fatal text.
ConfigResult<void> read_main_cf(const ConfigSource& source, LoadedConfig& loaded, ParameterTable& table,
                                BadLine bad_line) {
  const std::string path = source.config_directory + "/main.cf";
  loaded.files_read.push_back(path);
  Result<std::string> contents = source.read_file(path);
  if (!contents) return ConfigError{"open " + path + ": " + contents.error().message()};
  MainCf main_cf = parse_main_cf(path, contents.value(), std::move(table), bad_line);
  table = std::move(main_cf.table);
  add_warnings(loaded, std::move(main_cf.warnings));
  add_warnings(loaded, unknown_parameter_warnings(table, path, contents.value()));
  loaded.places.add_file({path, std::move(contents).value()});
  if (main_cf.fatal) return ConfigError{*std::move(main_cf.fatal)};
  return outcome::success();
}

/// Lays the file over `table`. A file that cannot be read is a warning, unless there is none.
void read_uflush_cf(const ConfigSource& source, LoadedConfig& loaded, ParameterTable& table) {
  const std::string path = source.config_directory + '/' + std::string(uflush_cf_name);
  loaded.files_read.push_back(path);
  Result<std::string> contents = source.read_file(path);
  if (!contents) {
    if (contents.error().number != ENOENT)
      loaded.warnings.push_back("open " + path + ": " + contents.error().message() + "; going on without it");
    return;
  }
  UflushCf file = parse_uflush_cf(path, contents.value());
  add_warnings(loaded, std::move(file.warnings));
  for (auto& [name, value] : file.table) table[name] = std::move(value);
  loaded.places.add_file({path, std::move(contents).value()});
}

/// The parameters of all sources, and what there is to say about them.
ConfigResult<ParameterTable> gather(const ConfigSource& source, LoadedConfig& loaded, BadLine bad_line) {
  const std::string options_place =
      source.started_by_master ? source.config_directory + "/master.cf" : "command line";
  loaded.places = SettingPlaces(source.overrides, options_place);
  ParameterTable table{{"process_name", source.process_name}, {"config_directory", source.config_directory}};
  const ConfigResult<void> main_cf = read_main_cf(source, loaded, table, bad_line);
  if (!main_cf && bad_line == BadLine::is_fatal) return main_cf.error();
  read_uflush_cf(source, loaded, table);
  add_warnings(loaded, unknown_parameter_warnings(source.overrides, options_place));
  for (const ConfigOverride& each : source.overrides) table[each.name] = each.value;
  table["service_name"] = source.service_name;
  return table;
}

}  // namespace

ConfigResult<ConfigOverride> parse_override(std::string_view argument) {
  ConfigResult<NameValue> split = split_name_value(argument);
  if (!split) {
    return ConfigError{"invalid \"-o " + std::string(argument) + "\" option value: " + split.error().text};
  }
  return ConfigOverride{std::move(split.value().name), std::move(split.value().value)};
}

LoadedConfig load_config(const ConfigSource& source) {
  FLUSH_ASSERT(source.read_file != nullptr);
  LoadedConfig loaded{ConfigError{}, {}, {}, {}, {}, {}};
  ConfigResult<ParameterTable> table = gather(source, loaded, BadLine::is_fatal);
  if (!table) {
    loaded.config = table.error();
    return loaded;
  }
  loaded.config = Evaluation(std::move(table).value(), source, loaded, Mercy::for_ours).run();
  if (loaded.config) loaded.faulty_parameter.clear();
  return loaded;
}

Config load_what_can_be_had(const ConfigSource& source) {
  LoadedConfig loaded{ConfigError{}, {}, {}, {}, {}, {}};
  ConfigResult<ParameterTable> table = gather(source, loaded, BadLine::is_passed_over);
  return Evaluation(std::move(table).value(), source, loaded, Mercy::for_all).run().value();
}

std::string system_hostname() {
  constexpr std::size_t bytes_max = 256;
  char name[bytes_max] = {};
  if (may_use(OptionalCall::uname) && ::gethostname(name, sizeof name - 1) == 0) return name;
  const Result<std::string> from_proc = read_file("/proc/sys/kernel/hostname");
  const std::string first_line = from_proc ? from_proc.value().substr(0, from_proc.value().find('\n')) : "";
  return first_line.empty() ? "localhost" : first_line;
}

ConfigResult<MailOwner> check_mail_owner(const Config& config) {
  const auto refuse = [&](const std::string& why) {
    return ConfigError{"file " + config.config_directory + "/main.cf: parameter mail_owner: " + why};
  };
  const passwd* account = ::getpwnam(config.mail_owner.c_str());
  if (account == nullptr) return refuse("unknown user name value: " + config.mail_owner);
  if (account->pw_uid == 0) return refuse("user " + config.mail_owner + " has privileged user ID");
  if (account->pw_gid == 0) return refuse("user " + config.mail_owner + " has privileged group ID");
  return MailOwner{account->pw_uid, account->pw_gid};
}

}  // namespace uflush
