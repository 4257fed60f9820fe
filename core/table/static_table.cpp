#include "core/table/static_table.hpp"

#include <memory>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

/// The same answer to every question.
class ConstantTable final : public Table {
 public:
  ConstantTable(std::string name, Lookup answer) : Table(std::move(name), Keys::fixed), answer_(answer) {}
  [[nodiscard]] Lookup find(std::string_view /*key*/, Inquiry& /*inquiry*/) override { return answer_; }

 private:
  Lookup answer_;
};

}  // namespace

OpenedTable open_static_table(const std::string& type_name, const TableContext& /*context*/) {
  const std::string_view value = split_type_name(type_name).second;
  if (value.starts_with('{')) {
    if (const Braced braced = strip_braces(value); !braced.error.empty())
      return unavailable(type_name, fmt::format("bad static:name syntax: {}", braced.error));
  }
  return opened(std::make_shared<ConstantTable>(type_name, Lookup::found));
}

OpenedTable open_internal_table(const std::string& type_name, const TableContext& /*context*/) {
  return opened(std::make_shared<ConstantTable>(type_name, Lookup::not_found));
}

}  // namespace uflush
