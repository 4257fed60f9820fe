#include "core/table/static_table.hpp"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/table/braces.hpp"
#include "core/table/fail_table.hpp"
#include "core/table/found_value.hpp"
#include "core/table/open_table.hpp"

namespace uflush {
namespace {

class EmptyTable final : public Table {
 public:
  explicit EmptyTable(std::string name) : Table(std::move(name), Keys::fixed) {}
  [[nodiscard]] Lookup find(std::string_view /*key*/, Inquiry& /*inquiry*/) override {
    return Lookup::not_found;
  }
};

/// A value for every key; of several, any.
class ConstantTable final : public Table {
 public:
  ConstantTable(std::string name, Keys keys, std::vector<std::string> values, bool utf8)
      : Table(std::move(name), keys), values_(std::move(values)), utf8_(utf8) {}
  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const std::string& value = values_[next_++ % values_.size()];  // random enough for who ignores values
    return found_value(*this, key, value, utf8_, inquiry);
  }

 private:
  std::vector<std::string> values_;
  std::size_t next_ = 0;
  bool utf8_;
};

}  // namespace

OpenedTable open_static_table(const std::string& type_name, const TableContext& context) {
  std::string_view value = split_type_name(type_name).second;
  if (value.starts_with('{')) {
    const Braced braced = strip_braces(value);
    if (!braced.error.empty())
      return unavailable(type_name, fmt::format("bad static:name syntax: {}", braced.error));
    value = braced.inside;
  }
  std::vector<std::string> values{std::string(value)};
  return opened(std::make_shared<ConstantTable>(type_name, Keys::fixed, std::move(values), context.utf8));
}

OpenedTable open_random_table(const std::string& type_name, const TableContext& context) {
  const std::string_view list = split_type_name(type_name).second;
  std::vector<std::string> values;
  if (list.starts_with('{') && closing_brace_end(list) == list.size()) {
    for (const std::string_view value : split_outside_braces(list.substr(1, list.size() - 2)))
      values.emplace_back(value);
  }
  if (values.empty())
    return unavailable(type_name,
                       fmt::format("bad syntax: \"{}\"; need \"randmap:{{value...}}\"", type_name));
  return opened(std::make_shared<ConstantTable>(type_name, Keys::pattern, std::move(values), context.utf8));
}

OpenedTable open_internal_table(const std::string& type_name, const TableContext& /*context*/) {
  return opened(std::make_shared<EmptyTable>(type_name));
}

}  // namespace uflush
