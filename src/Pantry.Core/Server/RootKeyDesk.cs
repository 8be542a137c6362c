namespace Pantry.Server;

/// <summary>What whoever works on the server itself does with the fleet's root key. Each of it is in the audit log.</summary>
internal sealed class RootKeyDesk(Authority authority, EnrollmentDesk enrollments, ServerAudit audit)
{
    /// <summary>A new key takes the place of the present one; enrolments and tokens that name the old one are withdrawn.</summary>
    public Task<RootKeyInfo> RenewAsync() => DoAsync("RootKeyRenewed", null, authority.RenewRoot);

    /// <param name="file">The file, which must not be there.</param>
    /// <param name="password">Encrypts the file; null for none.</param>
    /// <param name="takeAway">Whether the key goes from the server.</param>
    /// <returns>The key, and how many enrolments and tokens have lost their maker with it.</returns>
    public async Task<RootKeyInfo> ExportAsync(string file, string? password, bool takeAway)
    {
        int before = enrollments.CountOrphaned();
        RootKeyInfo key = await DoAsync(takeAway ? "RootKeyTakenOffline" : "RootKeyExported", file, () => authority.ExportRoot(file, password, takeAway)).ConfigureAwait(false);
        return key with { OrphanedEnrollments = Math.Max(0, enrollments.CountOrphaned() - before) };
    }

    public Task<RootKeyInfo> ImportAsync(string file, string? password) =>
        DoAsync("RootKeyImported", file, () => authority.ImportRoot(file, password));

    private async Task<RootKeyInfo> DoAsync(string action, string? file, Action act)
    {
        try
        {
            await Task.Run(act).ConfigureAwait(false);
        }
        catch (PantryException refused)
        {
            audit.Note(Authority.LocalOperator, null, null, action, file, refused.Code.ToString());
            throw;
        }

        audit.Note(Authority.LocalOperator, null, null, action, file ?? authority.RootKey.Fingerprint, "Done");
        int withdrawn = await Task.Run(() => enrollments.WithdrawForeign(Authority.LocalOperator)).ConfigureAwait(false);
        await audit.FlushAsync().ConfigureAwait(false);
        return authority.RootKeyInfo with { File = file, WithdrawnEnrollments = withdrawn };
    }
}
