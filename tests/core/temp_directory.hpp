#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace uflush {

/// A directory of the test's own below /tmp that goes with it.
class TempDirectory {
 public:
  TempDirectory() {
    std::string name = "/tmp/uflush-test-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_ : path_ + "/" + name;
  }
  /// Overwrites or creates, in place.
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

 private:
  std::string path_;
};

}  // namespace uflush
