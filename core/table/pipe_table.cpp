#include "core/table/pipe_table.hpp"

#include <memory>
#include <string_view>
#include <utility>

#include "core/table/member_tables.hpp"

namespace uflush {
namespace {

class PipeTable final : public CompositeTable {
 public:
  using CompositeTable::CompositeTable;

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const bool wanted = std::exchange(inquiry.wants_value, true);
    const Lookup answer = find_through(std::string(key), inquiry);
    inquiry.wants_value = wanted;
    return answer;
  }

 private:
  Lookup find_through(std::string key, Inquiry& inquiry) {
    for (const std::shared_ptr<Table>& member : members()) {
      const Lookup answer = member->find(key, inquiry);
      if (answer != Lookup::found) return answer;
      key = inquiry.value;
    }
    return Lookup::found;
  }
};

}  // namespace

OpenedTable open_pipe_table(const std::string& type_name, const TableContext& context) {
  return open_composite(
      type_name, context,
      [](const std::string& name, CompositeTable::Members members) -> std::shared_ptr<Table> {
        return std::make_shared<PipeTable>(name, std::move(members));
      });
}

}  // namespace uflush
