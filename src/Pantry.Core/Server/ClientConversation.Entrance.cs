using Pantry.Protocol;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>Who comes in and who goes for good: each waits for the disk, and is answered after it.</summary>
internal sealed partial class ClientConversation
{
    private void LetInOrNot(ServerSession session, Message message)
    {
        if (message.Head is Redeem redeem)
            Redeem(session, redeem, message.Correlation);
        else if (message.Head is Leave leave)
            _ = ForgetAsync(session, leave, message);
        else
            Register(session, message.HeadAs<Register>(), message.Correlation);
    }

    /// <summary>The client gives its place up for good. What it is told is so: the server may be killed the moment after.</summary>
    private async Task ForgetAsync(ServerSession session, Leave leave, Message message)
    {
        ClientRecord? client = session.Client;
        string why = DisplayText.FirstLine(leave.Reason);
        Message answer = message;
        try
        {
            _admission.Leave(session.Key, session.Address);
            if (client is not null)
                GoOffline(client, why, forGood: true);
            await _audit.FlushAsync().ConfigureAwait(false);
        }
        catch (PantryException unwritten)
        {
            answer = ServerHost.Refusal(unwritten.Code, "The server could not write down that the client leaves. Remove-PantryClient takes it off the list.", message.Correlation);
        }

        session.Post(answer);
        _close(session, why);
        // It goes, whatever the disk says.
        if (client is not null)
            GoOffline(client, why, forGood: true);
    }

    private void Redeem(ServerSession session, Redeem redeem, ulong correlation)
    {
        try
        {
            ClientKey approved = _admission.Redeem(session.Key, redeem, session.Address);
            _renewal.NoteJoined(approved.Labels);
            _ = AnswerAsync(session, new Message(MessageKind.Redeemed, new Redeemed(approved.Labels, _authority.RootKey.Bytes.ToArray()), correlation));
        }
        catch (PantryException refused)
        {
            session.Post(ServerHost.Refusal(refused.Code, refused.Message, correlation));
        }
    }

    // Let in is who the audit log has too.
    private async Task AnswerAsync(ServerSession session, Message answer)
    {
        try
        {
            await _audit.FlushAsync().ConfigureAwait(false);
            session.Post(answer);
        }
        catch (PantryException unwritten)
        {
            session.Post(Unwritten(unwritten, answer.Correlation));
        }
    }

    private void Register(ServerSession session, Register register, ulong correlation)
    {
        if (_admission.WasRemoved(session.Key, register.Instance))
        {
            const string Why = "an operator took the client off the list";
            session.Post(new Message(MessageKind.Leave, new Leave(Why, Forget: true)));
            _close(session, Why);
            return;
        }

        Register checkedRegister;
        try
        {
            ClientLabels labels = register.Labels;
            if (TooLarge(register.Facts))
                throw new PantryException(PantryErrorCode.MessageTooLarge, $"The client's facts are larger than {_options.Wire.MaxRegistrationBytes:N0} bytes.");
            checkedRegister = register with { Labels = ClientLabels.Create(labels.Identity, labels.Application, labels.Environment, labels.Roles) };
            bool wasApproved = session.Role == Senders.Client;
            ClientKey key = _admission.Judge(session.Key, checkedRegister.Labels, register.Token, session.Address);
            if (key.Status == KeyStatus.Approved && !wasApproved)
                _renewal.NoteJoined(key.Labels);
        }
        catch (PantryException invalid)
        {
            _counters.Dropped("InvalidRegistration");
            session.Post(ServerHost.Refusal(invalid.Code, invalid.Message, correlation));
            return;
        }

        session.Introduced = true;
        // Let in by a token is who the audit log has too.
        if (register.Token is not null && _admission.Now(session.Key) is { Status: KeyStatus.Approved })
            _ = LetInWrittenAsync(session, checkedRegister, correlation);
        else
            LetInOrWait(session, checkedRegister, correlation);
    }

    private async Task LetInWrittenAsync(ServerSession session, Register register, ulong correlation)
    {
        try
        {
            await _audit.FlushAsync().ConfigureAwait(false);
        }
        catch (PantryException unwritten)
        {
            session.Post(Unwritten(unwritten, correlation));
            return;
        }

        if (!session.Closed)
            LetInOrWait(session, register, correlation);
    }

    private static Message Unwritten(PantryException why, ulong correlation) =>
        ServerHost.Refusal(why.Code, "The server cannot write its audit log, and lets nobody in until it can.", correlation);

    private void LetInOrWait(ServerSession session, Register register, ulong correlation)
    {
        lock (_admission.Deciding)
        {
            // What an operator decided meanwhile counts.
            if (_admission.Now(session.Key) is not { Status: KeyStatus.Approved or KeyStatus.Pending } key)
                RefuseDecided(session, correlation);
            else if (key.Status == KeyStatus.Pending)
                LetWait(session, key, correlation);
            else if (_admission.IsFilledByToken(key, register.Labels, register.Token))
                LetIn(session, key, register with { Labels = key.Labels }, correlation);
            else
                LetIn(session, key, register, correlation);
        }
    }

    private void LetIn(ServerSession session, ClientKey key, Register register, ulong correlation)
    {
        if (!register.Labels.IsWithin(key.Labels) || _registry.Find(key.Labels.Identity) is not { } known || !known.Key.Equals(session.Key))
        {
            RefuseDecided(session, correlation);
            return;
        }

        session.Role = Senders.Client;
        if (known.Session is { } holder && holder != session && known.Instance != register.Instance)
        {
            // The name is taken: its holder's next word decides.
            _claims.Add(known, holder, session, register, correlation);
            return;
        }

        if (known.Session is { } earlier && earlier != session)
        {
            // The same run of the client, on a new connection: the old one is dead.
            _close(earlier, "the client has connected anew");
        }

        Admit(session, register, correlation);
    }
}
