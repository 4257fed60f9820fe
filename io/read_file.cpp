#include "io/read_file.hpp"

#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <unistd.h>

namespace uflush {
namespace {

Result<std::string> read_to_end(int fd) {
  constexpr std::size_t step_bytes = 16384;
  std::string contents;
  for (;;) {
    const std::size_t filled = contents.size();
    contents.resize(filled + step_bytes);
    const ssize_t count = ::read(fd, contents.data() + filled, step_bytes);
    contents.resize(filled + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count == 0) return contents;
    if (count < 0 && errno != EINTR) return last_error();
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);  // NOLINT(*-vararg)
  if (fd < 0) return last_error();
  Result<std::string> contents = read_to_end(fd);
  ::close(fd);
  return contents;
}

}  // namespace uflush
