/// The seam behind which lookup tables differ (BEHAVIOUR.md 5.6): one file in this folder per type.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/table/inquiry.hpp"
#include "protocol/read_file_callback.hpp"

namespace uflush {

/// One open table. Opened before chroot and privilege drop; nothing is opened by name afterwards. Used by one
/// thread at a time.
class Table {
 public:
  Table(std::string name, Keys keys) : name_(std::move(name)), keys_(keys) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  virtual ~Table() = default;

  /// Asks for `key` as it stands: folding the case is the caller's business, and so are parent domains.
  /// Appends to `inquiry.warnings` what there is to log.
  [[nodiscard]] virtual Lookup find(std::string_view key, Inquiry& inquiry) = 0;

  /// True when find() may wait for another process, a lock for instance, or just takes long: then it does not
  /// belong in the loop thread.
  [[nodiscard]] virtual bool may_block() const noexcept { return false; }
  /// True when find() may be unanswered.
  [[nodiscard]] virtual bool is_remote() const noexcept { return false; }

  /// False for what stands in for no table at all: there, no key is too odd to be asked for.
  [[nodiscard]] virtual bool looks_at_keys() const noexcept { return true; }

  /// `type:name` as the open table calls itself: a compiled one by its file.
  [[nodiscard]] virtual std::string opened_name() const { return name_; }
  /// `type:name` as configured.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// A remote table knows it once it has found an answer.
  [[nodiscard]] virtual Keys keys() const noexcept { return keys_; }

 private:
  std::string name_;
  Keys keys_;
};

/// What a table needs to know to be opened.
struct TableContext {
  bool utf8 = false;  ///< smtputf8_enable: input that is not UTF-8 is refused
  ReadFile read_file;
  /// Called with the path of a file that is about to be opened by other means than read_file; may be empty.
  std::function<void(const std::string& path)> before_open = {};
  /// Called with the `type:name` of each table that needs a plug-in of Postfix; may be empty.
  std::function<void(const std::string& type_name)> on_direct_table = {};

  void about_to_open(const std::string& path) const {
    if (before_open) before_open(path);
  }
  void found_direct_table(const std::string& type_name) const {
    if (on_direct_table) on_direct_table(type_name);
  }
};

/// The result of opening. There is always a table, unless `fatal`: one that could not be opened fails
/// whenever it is asked.
struct OpenedTable {
  std::shared_ptr<Table> table;
  Warnings warnings;                             ///< about contents that are ignored
  std::optional<std::string> error;              ///< why it could not be opened
  std::vector<std::string> further_errors = {};  ///< why other parts of it could not
  bool fatal = false;  ///< `error` ends the process, whatever the configuration says
};

/// A table that could be opened, or that needs no opening.
[[nodiscard]] inline OpenedTable opened(std::shared_ptr<Table> table) {
  return {
      .table = std::move(table), .warnings = {}, .error = std::nullopt, .further_errors = {}, .fatal = false};
}

}  // namespace uflush
