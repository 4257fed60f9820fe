/// The floor of send, send-cold and send-file: read the log, utimensat and renameat for each message,
/// truncate.
#include "bench/floor/move_messages.hpp"
#include "bench/floor/wire.hpp"

int main(int argc, char** argv) {
  using namespace uflush::floor;
  begin(argc, argv);
  serve_in_turn([](const Request& request, int client) {
    if (request.word == "send_site") send_log(log_path(request.site), true);
    if (request.word == "send_file") send_file(request.queue_id);
    reply(client);
  });
}
