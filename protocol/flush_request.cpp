#include "protocol/flush_request.hpp"

#include "protocol/attr_encoder.hpp"

namespace uflush {
namespace {

/// Appends the attributes of each kind of request, without the terminator.
struct Appender {
  std::string& out;

  void operator()(const AddRequest& add) const {
    append_attribute(out, "request", "add");
    append_attribute(out, "site", add.site);
    append_attribute(out, "queue_id", add.queue_id);
  }
  void operator()(const SendSiteRequest& send) const {
    append_attribute(out, "request", "send_site");
    append_attribute(out, "site", send.site);
  }
  void operator()(const SendFileRequest& send) const {
    append_attribute(out, "request", "send_file");
    append_attribute(out, "queue_id", send.queue_id);
  }
  void operator()(RefreshRequest) const { append_attribute(out, "request", "rfrsh"); }
  void operator()(PurgeRequest) const { append_attribute(out, "request", "purge"); }
};

}  // namespace

void append_request(std::string& out, const FlushRequest& request) {
  std::visit(Appender{out}, request);
  append_list_terminator(out);
}

}  // namespace uflush
