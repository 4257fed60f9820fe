/// The floor of refresh: readdir and fstatat; what is due is sent.
#include <ctime>

#include <dirent.h>

#include "bench/floor/move_messages.hpp"
#include "bench/floor/wire.hpp"

namespace uflush::floor {
namespace {

/// The defaults of fast_flush_refresh_time and fast_flush_purge_time.
constexpr std::time_t refresh_time = 12 * 3600;
constexpr std::time_t purge_time = 7 * 24 * 3600;

void refresh() {
  DIR* const directory = ::opendir("flush");
  if (directory == nullptr) die("flush");
  const std::time_t now = std::time(nullptr);
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    struct stat log {};
    if (::fstatat(::dirfd(directory), entry->d_name, &log, 0) != 0) continue;
    if (log.st_size == 0) {
      if (log.st_mtime + purge_time < now) ::unlinkat(::dirfd(directory), entry->d_name, 0);
    } else if (log.st_atime + refresh_time < now) {
      send_log(std::string("flush/") + entry->d_name, false);
    }
  }
  ::closedir(directory);
}

}  // namespace
}  // namespace uflush::floor

int main(int argc, char** argv) {
  using namespace uflush::floor;
  begin(argc, argv);
  serve_in_turn([](const Request& request, int client) {
    reply(client);
    if (request.word == "rfrsh") refresh();
  });
}
