#include "core/nearest_name.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "core/parameters.hpp"

namespace uflush {

std::size_t edit_distance(std::string_view left, std::string_view right) {
  // Row i of the usual table: the distances of the first i letters of `left` to each beginning of `right`.
  std::vector<std::size_t> before_last(right.size() + 1);
  std::vector<std::size_t> last(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    before_last = std::exchange(last, std::exchange(row, std::move(before_last)));
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = left[i - 1] == right[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

bool is_named_as_ours(std::string_view name) noexcept {
  return name.starts_with(own_prefix);
}

bool is_known_as_ours(std::string_view name) noexcept {
  return is_named_as_ours(name) && std::any_of(parameters().begin(), parameters().end(),
                                               [&](const Parameter& each) { return each.name == name; });
}

std::string_view nearest_own_parameter(std::string_view name) {
  std::string_view nearest;
  std::size_t smallest = 0;
  for (const Parameter& each : parameters()) {
    if (!is_named_as_ours(each.name)) continue;
    const std::size_t distance = edit_distance(name, each.name);
    if (!nearest.empty() && distance >= smallest) continue;
    nearest = each.name;
    smallest = distance;
  }
  return nearest;
}

std::optional<std::string_view> own_parameter_like(std::string_view name) {
  constexpr std::size_t distance_max = 3;
  for (const Parameter& each : parameters())  // the prefix is missing
    if (is_named_as_ours(each.name) && each.name.substr(own_prefix.size()) == name) return each.name;
  const std::string_view nearest = nearest_own_parameter(name);
  if (edit_distance(name, nearest) > distance_max) return std::nullopt;
  return nearest;
}

}  // namespace uflush
