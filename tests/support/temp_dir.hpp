/// A directory that lives as long as its owner.
#pragma once

#include <string>
#include <string_view>

namespace uflush::support {

/// Made with mode 0755 (the mail system's user must be able to walk through it); removed with everything in
/// it by the destructor. `parent` empty means $TMPDIR, else /tmp.
class TempDir {
 public:
  explicit TempDir(std::string_view parent = {});
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string path(std::string_view name) const;
  /// write_file() below this directory.
  void write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

/// The whole file; a failure when it cannot be read.
[[nodiscard]] std::string read_file(const std::string& path);
/// Replaces the file's content; mode as the umask says.
void write_file(const std::string& path, std::string_view content);

}  // namespace uflush::support
