#include "core/table/fail_table.hpp"

#include <memory>
#include <utility>

#include <fmt/format.h>

namespace uflush {
namespace {

OpenedTable never_there(const std::string& type_name, std::string why, bool is_table) {
  OpenedTable result = opened(std::make_shared<UnavailableTable>(type_name, why, is_table));
  result.error = std::move(why);
  return result;
}

}  // namespace

Lookup FailTable::find(std::string_view /*key*/, Inquiry& /*inquiry*/) {
  return Lookup::failed;
}

Lookup UnavailableTable::find(std::string_view /*key*/, Inquiry& inquiry) {
  inquiry.warnings.push_back(fmt::format("{} is unavailable. {}", name(), why_));
  return Lookup::failed;
}

OpenedTable open_fail_table(const std::string& type_name, const TableContext& /*context*/) {
  return opened(std::make_shared<FailTable>(type_name));
}

OpenedTable unavailable(const std::string& type_name, std::string why) {
  return never_there(type_name, std::move(why), true);
}

OpenedTable unsupported(const std::string& type_name, std::string_view type) {
  return never_there(type_name, fmt::format("unsupported dictionary type: {}", type), false);
}

}  // namespace uflush
