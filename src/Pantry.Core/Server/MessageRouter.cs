using Pantry.Protocol;
using Pantry.Server.Files;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>
/// From a transport message to whoever handles it: its session, its opening, and whether its sender may say that. What comes
/// on one port is routed by one task at a time.
/// </summary>
internal sealed class MessageRouter(
    PeerSessions sessions, ClientConversation clients, OperatorConversation operators, FileConversation files, ServerAudit audit, ServerCounters counters, WireLimits limits, TimeProvider time)
{
    public void Route(ServerEvent.Received received)
    {
        if (received.Peer.Port == ServerPort.File && BulkFrame.Is(received.Frames) && sessions.Find(received.Peer) is { } bringing)
        {
            files.HandleChunk(bringing, received.Frames[0]);
            return;
        }

        if (!sessions.TryFind(received.Peer, received.Frames, out ServerSession? session))
            return;
        if ((session.Role & (Senders.Applicant | Senders.Enrollee)) != 0 && !session.MaySpeak(time.GetElapsedTime(session.OpenedAt)))
        {
            counters.Dropped("TooTalkative");
            audit.Refused("TooTalkative", session.Key, session.Address);
            sessions.Close(session, "it is not let in and does not stop talking");
            return;
        }

        Opened opened = session.Messages.Open(received.Frames, session.Role, session.MayFragment);
        if (opened.Fault != DecodeFault.None)
        {
            Reject(session, opened);
            return;
        }

        session.LastHeard = time.GetTimestamp();
        if (opened.Message is not { } message)
            return;
        counters.Received();
        if (!session.Introduced && message.Kind is not (MessageKind.Register or MessageKind.Connect or MessageKind.Redeem or MessageKind.OpenFiles or MessageKind.Leave))
        {
            counters.Dropped("NotIntroduced");
            session.Post(ServerHost.Refusal(PantryErrorCode.NotConnected, "Register, Connect or Redeem comes first.", message.Correlation));
        }
        else if (session.Peer.Port == ServerPort.File)
        {
            files.Handle(session, message);
        }
        else if (session.Role == Senders.Operator)
        {
            operators.Handle(session, message);
        }
        else
        {
            clients.Handle(session, message);
        }
    }

    private void Reject(ServerSession session, Opened opened)
    {
        counters.Dropped(opened.Fault.ToString());
        audit.Refused(opened.Fault.ToString(), session.Key, session.Address);
        if (opened.Fault == DecodeFault.NotSealed)
        {
            // Not of the peer that shook hands, or out of its order: nothing on this connection can be trusted any more.
            sessions.Close(session, "a message was not sealed by it");
            return;
        }

        (PantryErrorCode code, string text)? told = opened.Fault switch
        {
            DecodeFault.UnknownVersion => (PantryErrorCode.ProtocolVersionMismatch,
                $"This server speaks protocol version {ProtocolVersion.Text}, the peer speaks {opened.Header.Major}.{opened.Header.Minor}. "
                + $"Bring both to versions of Pantry with the same major protocol version; the server's is Pantry {PantryVersion.Current}."),
            DecodeFault.WrongDirection => (PantryErrorCode.Refused, $"A peer of this kind may not send {opened.Header.Kind}."),
            DecodeFault.TooLarge => (PantryErrorCode.MessageTooLarge, $"The message is larger than the protocol's {limits.MaxMessageBytes:N0} bytes."),
            DecodeFault.UnknownKind => (PantryErrorCode.NotOffered,
                $"This server is Pantry {PantryVersion.Current} with protocol {ProtocolVersion.Text} and does not know messages of kind {(byte)opened.Header.Kind}, which the peer, with protocol {opened.Header.Major}.{opened.Header.Minor}, has sent. Update the server's Pantry."),
            DecodeFault.BadHead or DecodeFault.TooManyFrames =>
                (PantryErrorCode.Refused, $"The message could not be understood ({opened.Fault})."),
            _ => null,
        };
        if (told is { } answer)
            session.Post(ServerHost.Refusal(answer.code, answer.text, opened.Header.Correlation));
    }
}
