import { FullPage } from '../parts/full-page.tsx';

export default function NotFound() {
  return (
    <FullPage title="This page does not exist">
      <p>
        Your conversations are on the front page. <a href="/">Go there.</a>
      </p>
    </FullPage>
  );
}
