/// The floor of start: the least that a process under master(8) does for its first add.
#include <fcntl.h>
#include <sys/file.h>

#include "bench/floor/wire.hpp"

namespace {

void append(std::string_view site, std::string_view queue_id) {
  char path[300] = "flush/";
  char line[300];
  if (site.size() > 255 || queue_id.size() > 255) return;
  char* end = path + std::strlen(path);
  for (const char byte : site) *end++ = byte == '.' ? '_' : byte;
  *end = '\0';
  std::memcpy(line, queue_id.data(), queue_id.size());
  line[queue_id.size()] = '\n';
  const int file = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) uflush::floor::die(path);
  ::flock(file, LOCK_EX);
  if (::write(file, line, queue_id.size() + 1) < 0) uflush::floor::die("write");
  ::flock(file, LOCK_UN);
  ::close(file);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace uflush::floor;
  begin(argc, argv);
  serve_in_turn([](const Request& request, int client) {
    append(request.site, request.queue_id);
    reply(client);
  });
}
