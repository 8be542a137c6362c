using Pantry.Security;

namespace Pantry.Server;

/// <summary>
/// What whoever works on the server itself does with the fleet's root key. Each of it is in the audit log before it is done,
/// and not done where it cannot stand there.
/// </summary>
internal sealed class RootKeyDesk(Authority authority, EnrollmentDesk enrollments, ServerAudit audit)
{
    /// <summary>A new key takes the place of the present one; enrolments and tokens that name the old one are withdrawn.</summary>
    public async Task<RootKeyInfo> RenewAsync()
    {
        using SigningKey renewed = SigningKey.Generate();
        return await DoAsync("RootKeyRenewed", null, renewed.PublicKey.Fingerprint, authority.CheckRenewal, () => authority.RenewRoot(renewed)).ConfigureAwait(false);
    }

    /// <param name="file">The file, which must not be there.</param>
    /// <param name="password">Encrypts the file; null for none.</param>
    /// <param name="takeAway">Whether the key goes from the server.</param>
    /// <returns>The key, and how many enrolments and tokens have lost their maker with it.</returns>
    public async Task<RootKeyInfo> ExportAsync(string file, string? password, bool takeAway)
    {
        int before = enrollments.CountOrphaned();
        RootKeyInfo key = await DoAsync(
            takeAway ? "RootKeyTakenOffline" : "RootKeyExported", file, file, () => authority.CheckExport(file, takeAway), () => authority.ExportRoot(file, password, takeAway)).ConfigureAwait(false);
        return key with { OrphanedEnrollments = Math.Max(0, enrollments.CountOrphaned() - before) };
    }

    public async Task<RootKeyInfo> ImportAsync(string file, string? password)
    {
        SigningKey? root = null;
        try
        {
            return await DoAsync("RootKeyImported", file, file, () => root = authority.ReadExported(file, password), () => authority.ImportRoot(root!)).ConfigureAwait(false);
        }
        finally
        {
            root?.Dispose();
        }
    }

    private async Task<RootKeyInfo> DoAsync(string action, string? file, string target, Action check, Action act)
    {
        // No other bundle comes into force between the look and the deed.
        using (await authority.AloneAsync().ConfigureAwait(false))
        {
            try
            {
                check();
            }
            catch (PantryException refused)
            {
                audit.Note(Authority.LocalOperator, null, null, action, target, refused.Code.ToString());
                throw;
            }

            await audit.DecidedAsync(Authority.LocalOperator, null, null, [new AuditedDecision(action, target, null)], () =>
            {
                act();
                return true;
            }).ConfigureAwait(false);
        }

        int withdrawn = enrollments.WithdrawForeign(Authority.LocalOperator);
        await audit.FlushAsync().ConfigureAwait(false);
        return authority.RootKeyInfo with { File = file, WithdrawnEnrollments = withdrawn };
    }
}
