#include "io/read_file.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <unistd.h>

namespace uflush {
namespace {

Result<std::string> read_to_end(int fd) {
  std::string contents;
  std::array<char, 4096> bytes;  // a bigger one would be more memory to touch than most files are long
  for (;;) {
    const ssize_t count = ::read(fd, bytes.data(), bytes.size());
    if (count == 0) return contents;
    if (count < 0 && errno != EINTR) return last_error();
    if (count > 0) contents.append(bytes.data(), static_cast<std::size_t>(count));
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
