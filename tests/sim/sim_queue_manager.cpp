#include "tests/sim/sim_queue_manager.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <poll.h>
#include <sys/socket.h>

#include "tests/sim/sim.hpp"

namespace uflush {
namespace {

constexpr std::string_view socket_path = "public/qmgr";

bool is_readable(int fd) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

SimQueueManager::SimQueueManager(Sim& sim)
    : sim_(sim), listener_(std::make_unique<SimListener>(sim.disk, socket_path)) {
  sim_.enter(*this);
}

SimQueueManager::~SimQueueManager() {
  sim_.leave(*this);
}

void SimQueueManager::use_fifo() {
  listener_.reset();
  const SimInodePtr fifo = sim_.disk.create(socket_path, SimInode::Type::fifo, 0622);
  fifo->fifo_reader = [this](std::string_view bytes) { take(bytes); };
}

bool SimQueueManager::can_act() const {
  if (!is_awake) return false;
  const auto readable = [](const Fd& fd) { return is_readable(fd.get()); };
  return (listener_ && is_readable(listener_->fd())) ||
         std::any_of(connections_.begin(), connections_.end(), readable);
}

/// Connections are accepted in the order in which they were made and read in that order, as the queue manager
/// does.
void SimQueueManager::act() {
  if (listener_ && is_readable(listener_->fd())) {
    if (auto connection = listener_->accept()) connections_.push_back(std::move(connection.value()));
    return;
  }
  for (Fd& connection : connections_) {
    if (!is_readable(connection.get())) continue;
    std::array<char, 64> buffer;
    const ssize_t count = ::recv(connection.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    const std::string_view bytes(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    if (bytes.empty() || bytes.ends_with('\0')) connection.reset();
    take(bytes);
    break;
  }
  std::erase_if(connections_, [](const Fd& connection) { return !connection; });
}

void SimQueueManager::take(std::string_view bytes) {
  for (const char byte : bytes) {
    if (byte == '\0') continue;
    triggers_ += byte;
    if (on_trigger) on_trigger(byte);
  }
}

}  // namespace uflush
