#include "core/table/union_table.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

using Members = std::vector<std::shared_ptr<Table>>;

class UnionTable final : public Table {
 public:
  UnionTable(std::string name, Members members)
      : Table(std::move(name), members.front()->keys()), members_(std::move(members)) {}

  [[nodiscard]] Keys keys() const noexcept override { return members_.front()->keys(); }

  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    Lookup answer = Lookup::not_found;
    for (const std::shared_ptr<Table>& member : members_) {
      const Lookup found = member->find(key, inquiry);
      if (found == Lookup::failed || found == Lookup::unanswered) return found;
      if (found == Lookup::found) answer = found;
    }
    return answer;
  }

  [[nodiscard]] bool may_block() const noexcept override {
    return std::any_of(members_.begin(), members_.end(),
                       [](const auto& member) { return member->may_block(); });
  }
  [[nodiscard]] bool is_remote() const noexcept override {
    return std::any_of(members_.begin(), members_.end(),
                       [](const auto& member) { return member->is_remote(); });
  }

 private:
  Members members_;
};

/// The names between the braces; none when the list is malformed.
std::vector<std::string_view> member_names(std::string_view list) {
  if (!list.starts_with('{') || closing_brace_end(list) != list.size()) return {};
  std::vector<std::string_view> names = split_outside_braces(list.substr(1, list.size() - 2));
  const auto is_name = [](std::string_view name) { return name.find(':') != std::string_view::npos; };
  if (!std::all_of(names.begin(), names.end(), is_name)) names.clear();
  return names;
}

}  // namespace

OpenedTable open_union_table(const std::string& type_name, const TableContext& context) {
  const std::vector<std::string_view> names = member_names(trim_blanks(split_type_name(type_name).second));
  if (names.empty())
    return unavailable(type_name,
                       fmt::format("bad syntax: \"{}\"; need \"unionmap:{{type:name...}}\"", type_name));
  OpenedTable result;
  Members members;
  for (const std::string_view name : names) {
    OpenedTable member = open_table(std::string(name), context);
    result.warnings.insert(result.warnings.end(), member.warnings.begin(), member.warnings.end());
    result.files.insert(result.files.end(), member.files.begin(), member.files.end());
    if (member.error && !result.error) result.error = member.error;
    if (member.fatal) {
      result.error = member.error;
      result.fatal = true;
      return result;
    }
    members.push_back(std::move(member.table));
  }
  result.table = std::make_shared<UnionTable>(type_name, std::move(members));
  return result;
}

}  // namespace uflush
