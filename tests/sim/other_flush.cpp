#include "tests/sim/other_flush.hpp"

#include <array>
#include <utility>

#include "tests/sim/sim.hpp"

namespace uflush {

OtherFlush::OtherFlush(Sim& sim) : sim_(sim), files_(sim.disk, sim.threads, sim.dice) {}

OtherFlush::~OtherFlush() {
  FLUSH_ASSERT(!is_busy());
}

void OtherFlush::start(std::function<void()> request) {
  ++busy_;
  sim_.threads.start([this, request = std::move(request)] {
    request();
    --busy_;
  });
}

void OtherFlush::add(std::string_view log_path, std::string_view queue_id) {
  start([this, path = std::string(log_path), line = std::string(queue_id) + "\n"] { append(path, line); });
}

void OtherFlush::add_half(std::string_view log_path, std::string_view text) {
  start([this, path = std::string(log_path), half = std::string(text)] { append(path, half); });
}

void OtherFlush::send(std::string_view log_path) {
  start([this, path = std::string(log_path)] { send_log(path); });
}

void OtherFlush::purge(std::string_view log_path) {
  start([this, path = std::string(log_path)] { remove_empty(path); });
}

void OtherFlush::append(const std::string& log_path, const std::string& text) {
  FileSystem& files = files_;
  auto log = files.open(current_directory, log_path.c_str(), FileSystem::Open::append_create_through_link);
  FLUSH_ASSERT(log.has_value());
  const FileHandle file = log.value().handle();
  FLUSH_ASSERT(files.lock(file, FileSystem::Lock::wait).has_value());
  FLUSH_ASSERT(files.write(file, text).has_value());
  FLUSH_ASSERT(files.unlock(file).has_value());
}

void OtherFlush::send_log(const std::string& log_path) {
  FileSystem& files = files_;
  auto log = files.open(current_directory, log_path.c_str(), FileSystem::Open::read_write);
  if (!log) return;
  const FileHandle file = log.value().handle();
  FLUSH_ASSERT(files.lock(file, FileSystem::Lock::wait).has_value());
  const std::string text = read_all(file);
  handle_lines(text);
  if (!text.empty()) FLUSH_ASSERT(files.truncate(file, 0).has_value());
  // By path: somebody may have removed or replaced it, which does not matter.
  (void)files.set_times(current_directory, log_path.c_str(), sim_.clock.wall_time());
  FLUSH_ASSERT(files.unlock(file).has_value());
}

void OtherFlush::handle_lines(const std::string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    handled_.push_back(text.substr(begin, end - begin));
    if (handle) handle(files_, handled_.back());
    begin = end + 1;
  }
}

std::string OtherFlush::read_all(FileHandle file) {
  std::string text;
  std::array<char, 4096> buffer;
  while (true) {
    auto count = files_.read_at(file, buffer, text.size());
    FLUSH_ASSERT(count.has_value());
    if (count.value() == 0) return text;
    text.append(buffer.data(), count.value());
  }
}

void OtherFlush::remove_empty(const std::string& log_path) {
  FileSystem& files = files_;
  auto found = files.stat(current_directory, log_path.c_str());
  if (found && found.value().size_bytes == 0) (void)files.unlink(current_directory, log_path.c_str());
}

}  // namespace uflush
