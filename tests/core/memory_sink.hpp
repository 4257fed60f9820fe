#pragma once

#include <string>
#include <vector>

#include "core/log.hpp"

namespace uflush {

/// Keeps records, severity word included, for a test to look at.
class MemorySink : public LogSink {
 public:
  void write(Severity severity, std::string_view text) override {
    records.push_back(std::string(severity_prefix(severity)).append(text));
  }

  std::vector<std::string> records;
};

}  // namespace uflush
