#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/log.hpp"

namespace uflush {

/// Writes `<tag>: <severity>: <text>` lines to descriptor 2, for `-V`, a terminal and the standalone mode
/// (BEHAVIOUR.md 1.3). A line that cannot be written is lost, as there is nowhere to complain.
class StderrSink : public LogSink {
 public:
  explicit StderrSink(std::string tag) : tag_(std::move(tag)) {}

  void write(Severity severity, std::string_view text) override;
  [[nodiscard]] std::vector<PreparedRecord> prepare(Severity severity, std::string_view text,
                                                    std::time_t when) const override;

 private:
  [[nodiscard]] std::string line(Severity severity, std::string_view text) const;

  std::string tag_;
};

}  // namespace uflush
