/// Tables that never have an answer: `fail:name`, and what stands in for a table that could not be opened.
#pragma once

#include <string>
#include <string_view>

#include "core/table/table.hpp"

namespace uflush {

/// Fails always. Says nothing itself: `fail:x` is the operator's wish.
class FailTable final : public Table {
 public:
  explicit FailTable(std::string name) : Table(std::move(name), Keys::pattern) {}
  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override;
};

/// Fails always, and says each time that the table is unavailable and why.
class UnavailableTable final : public Table {
 public:
  /// `is_table` is false for a name whose type nobody knows, and for a file of items that cannot be read.
  UnavailableTable(std::string name, std::string why, bool is_table)
      : Table(std::move(name), Keys::pattern), why_(std::move(why)), is_table_(is_table) {}
  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override;
  [[nodiscard]] bool looks_at_keys() const noexcept override { return is_table_; }

 private:
  std::string why_;
  bool is_table_;
};

[[nodiscard]] OpenedTable open_fail_table(const std::string& type_name, const TableContext& context);

/// The outcome for a table `type_name` that could not be opened: an `error:` with text `why` now, and
/// failures later.
[[nodiscard]] OpenedTable unavailable(const std::string& type_name, std::string why);
/// The same for a table whose type is unknown.
[[nodiscard]] OpenedTable unsupported(const std::string& type_name, std::string_view type);

}  // namespace uflush
