#include <array>

#include <fmt/format.h>

#include "tools/flushbench/report_plots.hpp"
#include "tools/flushbench/report_style.hpp"

namespace uflush::bench {
namespace {

struct RoleLook {
  std::string_view css_class;
  std::array<Look::Shape, looks_per_role> shapes;
};

RoleLook look_of(ServerRole role) {
  using enum Look::Shape;
  switch (role) {
    case ServerRole::ours:
      return {"ours", {circle, diamond, circle, diamond}};
    case ServerRole::stock:
      return {"stock", {square, triangle, diamond, square}};
    case ServerRole::floor:
      break;
  }
  return {"floor", {cross, cross, cross, cross}};
}

}  // namespace

Palette::Palette(const RecordedRun& run) {
  std::map<ServerRole, std::size_t> used;
  for (const RecordedRow& row : run.rows) {
    if (looks_.contains(row.server)) continue;
    const RoleLook role = look_of(row.role);
    const std::size_t number = used[row.role]++ % looks_per_role;
    looks_.emplace(row.server, Look{fmt::format("{}{}", role.css_class, number), role.shapes[number]});
  }
}

}  // namespace uflush::bench
