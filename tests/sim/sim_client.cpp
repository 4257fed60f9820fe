#include "tests/sim/sim_client.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "tests/sim/sim.hpp"

namespace uflush {
namespace {

bool has_event(const Fd& fd, short event) {
  pollfd entry{.fd = fd.get(), .events = event, .revents = 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

SimClient::SimClient(Sim& sim, std::string_view path) : sim_(sim), path_(path) {
  add({.kind = Step::Kind::connect});
  sim_.enter(*this);
}

SimClient::~SimClient() {
  sim_.leave(*this);
}

SimClient& SimClient::add(Step step) {
  steps_.push_back(std::move(step));
  return *this;
}
SimClient& SimClient::send(std::string_view bytes) {
  return add({.kind = Step::Kind::send, .bytes = std::string(bytes)});
}
SimClient& SimClient::send_in_pieces(std::string_view bytes) {
  return add({.kind = Step::Kind::send_in_pieces, .bytes = std::string(bytes)});
}
SimClient& SimClient::wait_for(std::size_t bytes_received) {
  return add({.kind = Step::Kind::wait_for, .count = bytes_received});
}
SimClient& SimClient::half_close() {
  return add({.kind = Step::Kind::half_close});
}
SimClient& SimClient::close() {
  return add({.kind = Step::Kind::close});
}
SimClient& SimClient::stop_reading() {
  return add({.kind = Step::Kind::stop_reading});
}

bool SimClient::can_act() const {
  return !is_over() && (can_do_step() || can_read());
}

bool SimClient::can_read() const {
  return fd_ && reading_ && has_event(fd_, POLLIN);
}

bool SimClient::can_do_step() const {
  if (steps_.empty()) return false;
  const Step& step = steps_.front();
  switch (step.kind) {
    case Step::Kind::send:
    case Step::Kind::send_in_pieces:
      return has_event(fd_, POLLOUT);
    case Step::Kind::wait_for:
      return received_.size() >= step.count;
    default:
      return true;
  }
}

void SimClient::act() {
  const bool step = can_do_step();
  if (step && (!can_read() || sim_.dice.chance(0.5))) {
    do_step();
  } else {
    read();
  }
}

void SimClient::read() {
  std::array<char, 4096> buffer;
  const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    received_.append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0) {
    end(Ending::end_of_stream);
  } else if (errno != EAGAIN) {
    end(Ending::reset);
  }
}

void SimClient::do_step() {
  Step& step = steps_.front();
  switch (step.kind) {
    case Step::Kind::connect:
      connect();
      break;
    case Step::Kind::send:
    case Step::Kind::send_in_pieces:
      send_some(step);
      if (!step.bytes.empty()) return;
      break;
    case Step::Kind::wait_for:
      break;
    case Step::Kind::half_close:
      ::shutdown(fd_.get(), SHUT_WR);
      break;
    case Step::Kind::close:
      end(Ending::closed_by_us);
      return;
    case Step::Kind::stop_reading:
      reading_ = false;
      break;
  }
  if (!is_over()) steps_.pop_front();
}

void SimClient::connect() {
  fd_ = Fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  FLUSH_ASSERT(fd_);
  if (!connect_to(sim_.disk, path_, fd_.get())) end(Ending::refused);
}

/// What the daemon does not want to hear any more is dropped: what it said before is still to be read.
void SimClient::send_some(Step& step) {
  std::size_t size = step.bytes.size();
  if (step.kind == Step::Kind::send_in_pieces && size > 1) size = sim_.dice.between(1, size);
  const ssize_t sent = ::send(fd_.get(), step.bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) {
    step.bytes.erase(0, static_cast<std::size_t>(sent));
  } else if (errno != EAGAIN) {
    step.bytes.clear();
    if (!reading_) end(Ending::reset);
  }
}

void SimClient::end(Ending ending) {
  ending_ = ending;
  fd_.reset();
  steps_.clear();
}

}  // namespace uflush
