using Pantry.Protocol;
using Pantry.Server.Jobs;
using Pantry.Storage;

namespace Pantry.Server;

/// <summary>Sees to sessions, streams and jobs after a decision about a key or an operator, which is stored by then.</summary>
internal sealed class TrustChanges(ClientRegistry registry, JobAnswers jobs, StreamRenewal renewal, Authority authority, PeerSessions sessions)
{
    /// <summary>An operator has decided about a client's key.</summary>
    public void CarryOut(ClientDecision decision, ClientKey key)
    {
        ServerSession[] ofKey = [.. sessions.Of(key.Key)];
        if (decision == ClientDecision.Approve)
        {
            renewal.NoteJoined(key.Labels);
            foreach (ServerSession waiting in ofKey)
                waiting.Post(ServerHost.Refusal(PantryErrorCode.NotConnected, "An operator has approved the key: register anew.", 0));
            return;
        }

        string why = decision == ClientDecision.Remove ? "an operator took the client off the list" : $"an operator said no to the key {key.Key.Fingerprint} ({decision})";
        if (registry.Find(key.Labels.Identity) is { } record && record.Key.Equals(key.Key))
            registry.Remove(record);
        jobs.ClientDismissed(key.Labels.Identity, key.Key, decision == ClientDecision.Remove ? "ClientRemoved" : $"Client{key.Status}", $"The client's key {key.Key.Fingerprint} is trusted no more: {why}.");
        foreach (ServerSession session in ofKey)
        {
            session.Client = null;
            session.Post(new Message(MessageKind.Leave, new Leave(why, Forget: decision == ClientDecision.Remove, Dismissed: decision != ClientDecision.Remove)));
            sessions.Close(session, why);
        }
    }

    /// <summary>A new bundle: clients learn of it before any order that needs it; sessions of operators who are gone end.</summary>
    public void BundleChanged()
    {
        byte[] bundle = authority.SignedBundle;
        foreach (ServerSession session in sessions.All)
        {
            if (session.Client is not null)
                session.Post(new Message(MessageKind.BundleChanged, new BundleChanged(authority.Bundle.Serial)) { Bodies = [bundle] });
            else if (session is { Role: Senders.Operator, EndsItself: false } && authority.FindBySessionKey(session.Key) is null)
                sessions.Close(session, "its operator was revoked");
        }
    }
}
