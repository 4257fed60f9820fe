/// One-shot clients on io_uring: the whole conversation is handed to the kernel as one chain.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <liburing.h>
#include <sys/un.h>

#include "tools/flushbench/closed_loop.hpp"

namespace uflush::bench {

/// Close the last socket, make a new one, connect, read the announcement, write the request, read the reply:
/// six linked operations, and two completions. The same work in the kernel as for OneShotClients, but a share
/// of one io_uring_enter(2) instead of seven system calls: what the generator saves, the server gets.
class RingClients final : public ClosedLoop {
 public:
  /// Null where the kernel does not offer what it takes (Linux 6.1, io_uring allowed).
  static std::unique_ptr<RingClients> make(const std::string& socket_path, const LoadShape& shape);
  RingClients(const RingClients&) = delete;
  RingClients& operator=(const RingClients&) = delete;
  ~RingClients() override;

 private:
  enum class Step : std::uint8_t { close, socket, connect, announcement, send, reply };
  struct Client {
    std::string request;
    std::array<char, 32> announcement;
    std::array<char, 64> reply;
    std::size_t received = 0;
    bool has_socket = false;
  };

  RingClients(const std::string& socket_path, const LoadShape& shape);
  [[nodiscard]] bool set_up();

  std::size_t begin(std::size_t number) override;
  void turn() override;
  void start_chain(std::size_t number);
  void start_waiting();
  /// An entry of the ring, to be filled; what it is about is written by label().
  io_uring_sqe* entry();
  static void label(io_uring_sqe& sqe, std::size_t number, Step step, unsigned flags);
  void receive_reply(std::size_t number);
  void handle(std::size_t number, Step step, int result);
  void handle_announcement(Client& client, int result);
  void handle_reply(std::size_t number, int result);

  std::optional<io_uring> ring_;
  sockaddr_un address_;
  std::unique_ptr<Requests> requests_;
  std::vector<Client> clients_;
  std::size_t connecting_ = 0;       ///< without an announcement yet
  std::deque<std::size_t> waiting_;  ///< for room in the listener's queue
};

}  // namespace uflush::bench
