/// The tables that unionmap: and pipemap: are made of.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/table/table.hpp"

namespace uflush {

/// A table that puts several others together. Which keys it is asked for is the first one's business.
class CompositeTable : public Table {
 public:
  using Members = std::vector<std::shared_ptr<Table>>;

  CompositeTable(std::string name, Members members);

  [[nodiscard]] Keys keys() const noexcept override { return members_.front()->keys(); }
  [[nodiscard]] bool may_block() const noexcept override;
  [[nodiscard]] bool is_remote() const noexcept override;

 protected:
  [[nodiscard]] const Members& members() const noexcept { return members_; }

 private:
  Members members_;
};

/// Opens the members of `type:{type:name, ...}`, and hands them to `compose`, which makes a table of them.
/// One that cannot be opened is a member that fails.
[[nodiscard]] OpenedTable open_composite(const std::string& type_name, const TableContext& context,
                                         std::shared_ptr<Table> (*compose)(const std::string& type_name,
                                                                           CompositeTable::Members members));

}  // namespace uflush
