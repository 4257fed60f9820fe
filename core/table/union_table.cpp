#include "core/table/union_table.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include "core/table/member_tables.hpp"

namespace uflush {
namespace {

class UnionTable final : public CompositeTable {
 public:
  using CompositeTable::CompositeTable;

  /// The values of all that have found something, with commas in between.
  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    Lookup answer = Lookup::not_found;
    std::string values;
    for (const std::shared_ptr<Table>& member : members()) {
      const Lookup found = member->find(key, inquiry);
      if (found == Lookup::failed || found == Lookup::unanswered) return found;
      if (found == Lookup::not_found) continue;
      answer = found;
      if (!inquiry.wants_value) continue;
      if (!values.empty()) values.push_back(',');
      values.append(inquiry.value);
    }
    if (answer == Lookup::found && inquiry.wants_value) inquiry.value = std::move(values);
    return answer;
  }
};

}  // namespace

OpenedTable open_union_table(const std::string& type_name, const TableContext& context) {
  return open_composite(
      type_name, context,
      [](const std::string& name, CompositeTable::Members members) -> std::shared_ptr<Table> {
        return std::make_shared<UnionTable>(name, std::move(members));
      });
}

}  // namespace uflush
